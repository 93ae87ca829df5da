import ChatCore

extension StoreCodec {
    func words(_ call: FenceCall) -> [[UInt8]] {
        var words = ScriptCall(.fence, keys: [keys.epoch])
        words.add(call.highestEpoch)
        words.add(call.highestFence)
        words.add(call.isNewCluster ? "1" : "0")
        words.add(call.highestDataSet)
        return words.words
    }

    func fenceAnswer(_ reply: RespValue) throws(StoreReplyError) -> FenceAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "reign":
            let reign = Reign(epoch: try reply.number(), dataSet: try reply.text())
            return .reign(reign, isGrace: try reply.flag())
        case "newer-data": return .newerData(version: try reply.number())
        default: throw reply.unexpected
        }
    }

    func words(_ call: RegisterCall) -> [[UInt8]] {
        var words = ScriptCall(
            .register,
            under: call.reign,
            keys: [keys.epoch, keys.nodes, keys.dead, keys.label(of: call.incarnation)]
        )
        words.add(call.incarnation)
        words.add(call.label)
        return words.words
    }

    func words(_ call: RenewCall) -> [[UInt8]] {
        var words = ScriptCall(
            .renew,
            under: call.reign,
            keys: [keys.epoch, keys.nodes, keys.dead]
        )
        words.add(call.incarnation)
        return words.words
    }

    /// The answer to a registration or a renewal.
    func rosterAnswer(_ reply: RespValue) throws(StoreReplyError) -> RosterAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "roster": return .roster(try roster(&reply))
        case "unregistered": return .unregistered
        case "other-reign": return .otherReign
        default: throw reply.unexpected
        }
    }

    private func roster(_ reply: inout StoreReply) throws(StoreReplyError) -> Roster {
        let pairs = try reply.array()
        guard pairs.count.isMultiple(of: 2) else { throw reply.unexpected }
        var beats: [Roster.Beat] = []
        for index in stride(from: 0, to: pairs.count, by: 2) {
            guard let incarnation = pairs[index].text.flatMap({ Incarnation($0) }),
                let counter = pairs[index + 1].number.flatMap({ UInt64(exactly: $0) })
            else { throw reply.unexpected }
            beats.append(.init(incarnation: incarnation, counter: counter))
        }
        var dead: [Incarnation] = []
        for value in try reply.array() {
            guard let incarnation = value.text.flatMap({ Incarnation($0) }) else {
                throw reply.unexpected
            }
            dead.append(incarnation)
        }
        return Roster(beats: beats, dead: dead)
    }

    func words(_ call: CertifyCall) -> [[UInt8]] {
        var words = ScriptCall(
            .certify,
            under: call.reign,
            keys: [keys.epoch, keys.nodes, keys.dead]
        )
        words.add(call.incarnation)
        words.add(call.dead.incarnation)
        words.add(call.dead.counter)
        return words.words
    }

    func certifyAnswer(_ reply: RespValue) throws(StoreReplyError) -> CertifyAnswer {
        let reply = try StoreReply(reply)
        switch reply.verdict {
        case "certified": return .certified
        case "moved": return .moved
        case "unregistered": return .unregistered
        case "other-reign": return .otherReign
        default: throw reply.unexpected
        }
    }

    func words(_ call: ReapCall) -> [[UInt8]] {
        var words = ScriptCall(
            .reap,
            under: call.reign,
            keys: [keys.epoch, keys.dead, keys.held(by: call.dead), keys.label(of: call.dead)]
                + call.keys.map(keys.name)
        )
        words.add(call.dead)
        words.add(memory)
        for key in call.keys { words.add(key) }
        return words.words
    }

    func reapAnswer(_ reply: RespValue) throws(StoreReplyError) -> ReapAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "left": return .left(try reply.number())
        case "not-dead": return .notDead
        case "other-reign": return .otherReign
        default: throw reply.unexpected
        }
    }

    /// Ends a reign's grace.
    func endGraceWords(_ reign: Reign) -> [[UInt8]] {
        ScriptCall(.endgrace, under: reign, keys: [keys.epoch]).words
    }

    /// Whether it was ended; false: another one reigns.
    func endGraceAnswer(_ reply: RespValue) throws(StoreReplyError) -> Bool {
        let reply = try StoreReply(reply)
        switch reply.verdict {
        case "ended": return true
        case "other-reign": return false
        default: throw reply.unexpected
        }
    }
}
