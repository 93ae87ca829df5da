import ChatCore

extension StoreCodec {
    func words(_ call: ClaimCall) -> RedisCommand {
        var command = RedisCommand(
            .claim,
            keys: 4 + call.claims.count,
            reserving: 512 + call.claims.count * Self.claimBytes
        )
        command.add(keys.epoch)
        command.add(keys.nodes)
        command.add(keys.heldStem, call.incarnation)
        command.add(keys.dead)
        for claim in call.claims { command.add(keys.nameStem, claim.username.key) }
        command.add(call.epoch)
        command.add(call.incarnation)
        command.add(keys.prefix)
        command.add(UInt64(memory))
        command.add(call.number)
        for claim in call.claims {
            command.add(claim.username.key)
            command.add(claim.login)
            command.add(claim.producer)
            command.add(claim.username.display)
            if let proof = claim.proof { command.add(proof) } else { command.add("") }
            if let known = claim.known {
                command.add(known.fence)
                command.add(known.n)
                command.add(known.seq)
                command.add(known.epoch)
                command.add(known.reserved)
            } else {
                for _ in 0..<5 { command.add("") }
            }
            command.add(claim.rooms)
        }
        return command
    }

    /// The bytes that the words of a claim usually take. A claim with longer ones makes the command
    /// larger than what was reserved.
    private static let claimBytes = 256

    /// The answer to a call of `count` claims.
    func claimAnswer(_ reply: RespValue, count: Int) throws(StoreReplyError) -> ClaimAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "verdicts":
            guard reply.count == count else { throw reply.unexpected }
            var verdicts: [ClaimVerdict] = []
            verdicts.reserveCapacity(count)
            while reply.count > 0 { verdicts.append(try claimVerdict(try reply.part())) }
            return .verdicts(verdicts)
        case "unregistered": return .unregistered
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }

    private func claimVerdict(_ reply: RespValue) throws(StoreReplyError) -> ClaimVerdict {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "granted": return .granted(try grant(&reply))
        case "taken": return .taken
        case "successor-stands": return .successorStands
        case "grace": return .grace
        case "lost": return .lost
        case "replaced": return .replaced
        case "later": return .later
        case "refused":
            return .refused(reason: "The record of this name is damaged; an operator can repair it")
        default: throw reply.unexpected
        }
    }

    private func grant(_ reply: inout StoreReply) throws(StoreReplyError) -> Grant {
        let fence: UInt64 = try reply.number()
        let producer = try reply.parsed { ProducerID($0) }
        let n: UInt64 = try reply.number()
        let seq: UInt64 = try reply.number()
        let rooms = try reply.rooms()
        return Grant(fence: fence, producer: producer, n: n, seq: seq, rooms: rooms)
    }

    func words(_ call: Release) -> RedisCommand {
        var command = RedisCommand(.release, keys: 3)
        command.add(keys.nameStem, call.key)
        command.add(keys.heldStem, call.incarnation)
        command.add(keys.epoch)
        command.add(call.incarnation)
        command.add(call.key)
        switch call.condition {
        case .login(let login):
            command.add("session")
            command.add(login)
        case .fence(let fence):
            command.add("fence")
            command.add(fence)
        }
        switch call.action {
        case .delete: command.add("delete")
        case .empty: command.add("empty")
        case .linger: command.add("linger")
        }
        command.add(UInt64(clamping: memory))
        command.add(keys.prefix)
        return command
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

    /// Asks for some of the names that an incarnation holds, from a place on that an answer has named
    /// (redis.io, HSCAN); the first is 0.
    func heldPageWords(of incarnation: Incarnation, from place: UInt64) -> RedisCommand {
        let count = "\(Limits.auditNames)"
        return RedisCommand("HSCAN", keys.held(by: incarnation), "\(place)", "COUNT", count)
    }

    /// Their keys, some perhaps twice, and where to go on: 0 when these were the last.
    func heldPageAnswer(_ reply: RespValue) throws(StoreReplyError) -> (
        keys: [String], next: UInt64
    ) {
        if let complaint = reply.complaint { throw .refused(complaint) }
        guard let parts = reply.elements, parts.count == 2,
            let next = parts[0].text.flatMap({ UInt64($0) }),
            let fields = parts[1].elements, fields.count.isMultiple(of: 2)
        else { throw .unexpected(excerpt: reply.excerpt) }
        // Each name is followed by what publishing compares.
        let keys = stride(from: 0, to: fields.count, by: 2).compactMap { fields[$0].text }
        guard keys.count == fields.count / 2 else { throw .unexpected(excerpt: reply.excerpt) }
        return (keys, next)
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
