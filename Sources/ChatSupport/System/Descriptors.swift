import Glibc

/// The number of descriptors that the process may have, which limits the number of its clients.
package enum Descriptors {
    package struct Limit {
        package let now: Int
        /// The soft limit before it was raised.
        package let before: Int
    }

    /// The process's limit, raised on first use.
    package static let limit = raise()

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
