import TestSupport

/// A fault of a Redis that answers: how it is caused, what a person is told, and how it is removed.
enum RedisFaultCase: CaseIterable {
    case noPassword, wrongPassword, replica, memory, disk

    /// The cause that the node reports.
    var cause: String {
        switch self {
        case .noPassword: "wants a password"
        case .wrongPassword: "does not accept the user or the password"
        case .replica: "is a replica, which cannot be written to"
        case .memory: "has used all the memory it may"
        case .disk: "cannot save to its disk and takes no writes"
        }
    }

    /// The fix that the node reports.
    var fix: String {
        switch self {
        case .noPassword: "--redis-password-file FILE, or CHAT_REDIS_PASSWORD in the environment"
        case .wrongPassword: "compare it with requirepass in redis.conf"
        case .replica: "--redis with the primary's place"
        case .memory: "CONFIG SET maxmemory"
        case .disk: "make room on its disk, or see to its directory"
        }
    }

    /// The node's environment, from the start.
    var environment: [String: String] {
        self == .wrongPassword ? ["CHAT_REDIS_PASSWORD": "first"] : [:]
    }

    /// The options of Redis, from the start.
    var options: [String] {
        self == .wrongPassword ? ["--requirepass", "first"] : []
    }

    /// Causes the fault.
    func begin(_ redis: TestRedis) async throws {
        switch self {
        case .noPassword:
            try await redis.cli("CONFIG", "SET", "requirepass", "second")
            try await cut(redis, password: "second")
        case .wrongPassword:
            try await redis.cli("-a", "first", "CONFIG", "SET", "requirepass", "second")
            try await cut(redis, password: "second")
        case .replica:
            // A primary that does not exist: no process listens on a port this low.
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

    /// Ends the connections that have sent the old password, which would stay.
    private func cut(_ redis: TestRedis, password: String) async throws {
        for type in ["normal", "pubsub"] {
            try await redis.cli("-a", password, "CLIENT", "KILL", "TYPE", type)
        }
    }

    /// Removes the fault.
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
