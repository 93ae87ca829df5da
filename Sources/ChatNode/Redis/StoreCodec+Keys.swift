import ChatCore

/// The plain commands among the node's questions: what needs no script, because nothing is decided
/// by it.
extension StoreCodec {
    /// Some of the names that an incarnation holds.
    func someHeldKeysWords(of incarnation: Incarnation, count: Int) -> RedisCommand {
        RedisCommand("HRANDFIELD", keys.held(by: incarnation), "\(count)")
    }

    /// The fence on a name's record.
    func fenceWords(of key: String) -> RedisCommand {
        RedisCommand("HGET", keys.name(key), "fence")
    }

    /// Nil: there is no record.
    func fenceOfName(_ reply: RespValue) throws(StoreReplyError) -> UInt64? {
        reply.text.flatMap { UInt64($0) }
    }

    /// What people call a process.
    func labelWords(of incarnation: Incarnation) -> RedisCommand {
        RedisCommand("GET", keys.label(of: incarnation))
    }

    /// Nil: it is gone.
    func labelAnswer(_ reply: RespValue) throws(StoreReplyError) -> String? {
        reply.text
    }

    /// Says something to a node itself, by way of its own channel.
    func probeWords(of incarnation: Incarnation) -> RedisCommand {
        RedisCommand("PUBLISH", keys.channel(of: incarnation), "probe")
    }

    /// How many heard it.
    func probeAnswer(_ reply: RespValue) throws(StoreReplyError) -> Int64 {
        reply.number ?? 0
    }
}
