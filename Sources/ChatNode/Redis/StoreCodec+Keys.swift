import ChatCore

/// The plain commands among the node's questions: what needs no script, because nothing is decided
/// by it.
extension StoreCodec {
    /// Some of the names that an incarnation holds.
    func someHeldKeysWords(of incarnation: Incarnation, count: Int) -> [[UInt8]] {
        ["SRANDMEMBER", keys.held(by: incarnation), "\(count)"].map { Array($0.utf8) }
    }

    /// The fence on a name's record.
    func fenceWords(of key: String) -> [[UInt8]] {
        ["HGET", keys.name(key), "fence"].map { Array($0.utf8) }
    }

    /// Nil: there is no record.
    func fenceOfName(_ reply: RespValue) throws(StoreReplyError) -> UInt64? {
        reply.text.flatMap { UInt64($0) }
    }

    /// What people call a process.
    func labelWords(of incarnation: Incarnation) -> [[UInt8]] {
        ["GET", keys.label(of: incarnation)].map { Array($0.utf8) }
    }

    /// Nil: it is gone.
    func labelAnswer(_ reply: RespValue) throws(StoreReplyError) -> String? {
        reply.text
    }

    /// Says something to a node itself, by way of its own channel.
    func probeWords(of incarnation: Incarnation) -> [[UInt8]] {
        ["PUBLISH", keys.channel(of: incarnation), "probe"].map { Array($0.utf8) }
    }

    /// How many heard it.
    func probeAnswer(_ reply: RespValue) throws(StoreReplyError) -> Int64 {
        reply.number ?? 0
    }
}
