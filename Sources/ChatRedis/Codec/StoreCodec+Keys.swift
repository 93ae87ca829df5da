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

    /// Publishes a probe to a node itself, on its own channel. `ticket` is what the probe carries: that
    /// of a room's question, or nil if it only shows that the subscription still brings something.
    func probeWords(of incarnation: Incarnation, ticket: UInt64? = nil) -> RedisCommand {
        RedisCommand(
            "PUBLISH",
            keys.channel(of: incarnation),
            ticket.map { "probe \($0)" } ?? "probe"
        )
    }

    /// The ticket that a message on a node's own channel carries; nil: none.
    static func probeTicket(_ payload: [UInt8]) -> UInt64? {
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ")
        return words.count == 2 && words[0] == "probe" ? UInt64(words[1]) : nil
    }

    /// How many heard it.
    func probeAnswer(_ reply: RespValue) throws(StoreReplyError) -> Int64 {
        reply.number ?? 0
    }
}
