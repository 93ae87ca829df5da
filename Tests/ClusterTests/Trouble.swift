import TestSupport

/// What can be wrong with a Redis that answers: how it comes about, what a person is told, and how it
/// is mended.
enum Trouble: CaseIterable {
    case noPassword, wrongPassword, replica, memory, disk

    /// Told by the node.
    var cause: String {
        switch self {
        case .noPassword: "wants a password"
        case .wrongPassword: "does not accept the user or the password"
        case .replica: "is a replica, which cannot be written to"
        case .memory: "has used all the memory it may"
        case .disk: "cannot save to its disk and takes no writes"
        }
    }

    /// Told by the node.
    var fix: String {
        switch self {
        case .noPassword: "--redis-password-file FILE, or CHAT_REDIS_PASSWORD in the environment"
        case .wrongPassword: "compare it with requirepass in redis.conf"
        case .replica: "--redis with the primary's place"
        case .memory: "CONFIG SET maxmemory"
        case .disk: "make room on its disk, or see to its directory"
        }
    }

    /// What the node is given, from the start.
    var environment: [String: String] {
        self == .wrongPassword ? ["CHAT_REDIS_PASSWORD": "first"] : [:]
    }

    /// What Redis is given, from the start.
    var options: [String] {
        self == .wrongPassword ? ["--requirepass", "first"] : []
    }

    /// Brings it about.
    func begin(_ redis: TestRedis) async throws {
        switch self {
        case .noPassword:
            try await redis.cli("CONFIG", "SET", "requirepass", "second")
            try await cut(redis, password: "second")
        case .wrongPassword:
            try await redis.cli("-a", "first", "CONFIG", "SET", "requirepass", "second")
            try await cut(redis, password: "second")
        case .replica:
            // A primary that is not there: nobody listens below the ports that are given out.
            try await redis.cli("REPLICAOF", "127.0.0.1", "1")
        case .memory:
            try await redis.cli("CONFIG", "SET", "maxmemory", "1")
        case .disk:
            try await redis.cli("CONFIG", "SET", "save", "3600 1000000")
            try redis.breakSnapshots()
            try await redis.cli("BGSAVE")
            try await eventually("the snapshot has failed") {
                try await redis.cli("INFO", "persistence").contains("rdb_last_bgsave_status:err")
            }
        }
    }

    /// Connections that have said the password stay: they are ended.
    private func cut(_ redis: TestRedis, password: String) async throws {
        for type in ["normal", "pubsub"] {
            try await redis.cli("-a", password, "CLIENT", "KILL", "TYPE", type)
        }
    }

    /// Mends it.
    func end(_ redis: TestRedis) async throws {
        switch self {
        case .noPassword:
            try await redis.cli("-a", "second", "CONFIG", "SET", "requirepass", "")
        case .wrongPassword:
            try await redis.cli("-a", "second", "CONFIG", "SET", "requirepass", "first")
        case .replica:
            try await redis.cli("REPLICAOF", "NO", "ONE")
        case .memory:
            try await redis.cli("CONFIG", "SET", "maxmemory", "0")
        case .disk:
            try redis.mendSnapshots()
            try await redis.cli("BGSAVE")
        }
    }
}
