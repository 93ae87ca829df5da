import Glibc

/// How many descriptors, which is to say clients, the process may have.
enum Descriptors {
    struct Limit {
        let now: Int
        /// What it was before it was raised.
        let before: Int
    }

    /// The process's limit, raised by the first who asks.
    static let limit = raise()

    /// Raises the soft limit to the hard one, which needs no privilege.
    private static func raise() -> Limit {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return Limit(now: 1024, before: 1024)
        }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            limit.rlim_cur = before
        }
        return Limit(now: Int(clamping: limit.rlim_cur), before: Int(clamping: before))
    }
}
