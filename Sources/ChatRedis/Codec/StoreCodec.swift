package import ChatCore

/// The store's calls as commands to Redis, and Redis's replies as the store's answers.
///
/// A command is its words; the answer's reader stands beside it. Fails: a reader throws
/// `StoreReplyError` for what its script does not answer.
package struct StoreCodec: Sendable {
    let keys: RedisKeys
    let retention: Store.Retention

    /// How long a silent room and a free name are remembered, in milliseconds.
    let memory: Int64

    package init(keys: RedisKeys, retention: Store.Retention) {
        self.keys = keys
        self.retention = retention
        memory = retention.memory
    }

    /// Hands a script to Redis, before it is called for the first time. The reply is its digest.
    static func load(_ script: Script) -> RedisCommand {
        var command = RedisCommand("SCRIPT", "LOAD")
        command.add(script.source)
        return command
    }
}
