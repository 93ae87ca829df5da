import ChatCore

extension StoreCodec {
    func words(_ call: Claim) -> [[UInt8]] {
        let key = call.username.key
        var words = ScriptCall(
            .claim,
            under: call.reign,
            keys: [keys.epoch, keys.nodes, keys.name(key), keys.held(by: call.incarnation)]
        )
        words.add(call.incarnation)
        words.add(key)
        words.add(call.session)
        words.add(call.lineage)
        words.add(call.username.display)
        words.add(keys.heldStem)
        if let known = call.known {
            words.add(known.fence)
            words.add(known.n)
            words.add(known.seq)
        }
        return words.words
    }

    func claimAnswer(_ reply: RespValue) throws(StoreReplyError) -> ClaimAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "granted": return .granted(try grant(&reply))
        case "taken": return .taken
        case "grace": return .grace
        case "lost": return .lost
        case "replaced": return .replaced
        case "unregistered": return .unregistered
        case "other-reign": return .otherReign
        default: throw reply.unexpected
        }
    }

    private func grant(_ reply: inout StoreReply) throws(StoreReplyError) -> Grant {
        let fence: UInt64 = try reply.number()
        let lineage = try reply.parsed { Lineage($0) }
        let n: UInt64 = try reply.number()
        return Grant(fence: fence, lineage: lineage, n: n, seq: try reply.number())
    }

    func words(_ call: Release) -> [[UInt8]] {
        var words = ScriptCall(
            .release,
            keys: [keys.name(call.key), keys.held(by: call.incarnation)]
        )
        words.add(call.incarnation)
        words.add(call.key)
        switch call.condition {
        case .session(let session):
            words.add("session")
            words.add(session)
        case .fence(let fence):
            words.add("fence")
            words.add(fence)
        }
        return words.words
    }

    /// Whether it was held.
    func releaseAnswer(_ reply: RespValue) throws(StoreReplyError) -> Bool {
        let reply = try StoreReply(reply)
        switch reply.verdict {
        case "released": return true
        case "kept": return false
        default: throw reply.unexpected
        }
    }

    /// Asks for the names that an incarnation holds.
    func heldKeysWords(of incarnation: Incarnation) -> [[UInt8]] {
        [Array("SMEMBERS".utf8), Array(keys.held(by: incarnation).utf8)]
    }

    /// Their keys, in no order.
    func heldKeysAnswer(_ reply: RespValue) throws(StoreReplyError) -> [String] {
        if let complaint = reply.complaint { throw .refused(complaint) }
        let texts = reply.elements?.map(\.text) ?? [nil]
        let keys = texts.compactMap(\.self)
        guard keys.count == texts.count else { throw .unexpected(excerpt: reply.excerpt) }
        return keys
    }
}
