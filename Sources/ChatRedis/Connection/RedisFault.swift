/// Why Redis cannot be used at present.
enum RedisFault: Error, Equatable, Sendable {
    // The way there
    case refused
    /// The network, or the host's name.
    case unreachable(String)
    /// Nothing came within the time for a command. What was asked may have been done.
    case timedOut
    /// The connection ended. What was asked may have been done.
    case closed
    /// What listens there does not speak Redis's protocol.
    case notRedis(Stranger)
    /// Its version.
    case tooOld(String)
    /// Built for 32 bits.
    case narrow
    /// A Sentinel, which watches over a Redis and is none.
    case sentinel
    /// Its cluster mode spreads keys over several processes, and a script needs all of its own in one.
    case clusterMode

    // What Redis answers
    case noAuth
    case wrongPassword
    /// A password was sent to a Redis that has none.
    case passwordUnwanted
    /// In Redis's own words.
    case noPermission(String)
    /// Without a password it talks to its own machine only.
    case protectedMode
    /// A replica.
    case readOnly
    case outOfMemory
    case loading
    /// It cannot save to its disk, and so takes no writes.
    case misconf
    /// A script that another client has called does not end.
    case busy
    case maxClients
    /// A key has a value of another kind, put there by hand. The scripts look at their keys
    /// before they write anything. In Redis's own words.
    case wrongType(String)
    /// It does not know a script, as after a restart.
    case noScript
    /// In Redis's own words.
    case other(String)

    /// How something showed that it is not Redis.
    enum Stranger: Equatable, Sendable {
        /// The first line of what it said, safe to print.
        case said(String)
        /// Not a word in the time for a command. A Redis that is stopped does the same.
        case silent
        /// It closed the connection without a word.
        case hungUp
    }
}

extension RedisFault {
    /// A connection has ended or fallen silent, new or not, and nothing has said why.
    var isCut: Bool {
        switch self {
        case .closed, .timedOut, .notRedis(.hungUp): true
        default: false
        }
    }

    /// What an error reply means, by its first word.
    init(error text: String) {
        let word = text.prefix { $0 != " " }
        switch word {
        case "NOAUTH": self = .noAuth
        case "WRONGPASS": self = .wrongPassword
        case "NOPERM": self = .noPermission(text.redisExcerpt)
        case "DENIED": self = .protectedMode
        case "READONLY": self = .readOnly
        case "OOM": self = .outOfMemory
        case "LOADING": self = .loading
        case "MISCONF": self = .misconf
        case "WRONGTYPE": self = .wrongType(text.redisExcerpt)
        case "BUSY", "UNKILLABLE": self = .busy
        case "NOSCRIPT": self = .noScript
        // Of a cluster mode behind a proxy that says another.
        case "MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN": self = .clusterMode
        case "ERR": self.init(plain: text)
        default: self = .other(text.redisExcerpt)
        }
    }

    /// Errors that have no word of their own (networking.c and acl.c of Redis 7.0).
    private init(plain text: String) {
        let sentence = text.dropFirst("ERR ".count)
        if sentence.hasPrefix("max number of clients") {
            self = .maxClients
        } else if sentence.hasPrefix("AUTH <password> called without any password") {
            self = .passwordUnwanted
        } else {
            self = .other(text.redisExcerpt)
        }
    }
}
