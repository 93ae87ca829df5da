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

    /// What a node is told on its own channel.
    enum NodeMessage {
        /// A probe of its own has come back, with the ticket of a room's question.
        case probe(ticket: UInt64)
        /// The name of one of its logins was taken over.
        case replaced(LoginID)
    }

    /// Reads what came on a node's own channel; nil: a probe without a ticket, or what this version does
    /// not know.
    static func nodeMessage(_ payload: [UInt8]) -> NodeMessage? {
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ")
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "probe": return UInt64(words[1]).map { .probe(ticket: $0) }
        case "replaced": return LoginID(String(words[1])).map { .replaced($0) }
        default: return nil
        }
    }

    /// How many heard it.
    func probeAnswer(_ reply: RespValue) throws(StoreReplyError) -> Int64 {
        reply.number ?? 0
    }
}
