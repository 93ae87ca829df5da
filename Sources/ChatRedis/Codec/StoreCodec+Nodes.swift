import ChatCore

extension StoreCodec {
    func words(_ call: OpenEpochCall) -> RedisCommand {
        var command = RedisCommand(.openepoch, keys: 1)
        command.add(keys.epoch)
        command.add(call.highestEpoch)
        command.add(call.highestFence)
        command.add(call.isNewCluster ? "1" : "0")
        command.add(call.highestDataSet)
        return command
    }

    func openEpochAnswer(_ reply: RespValue) throws(StoreReplyError) -> OpenEpochAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "epoch":
            let epoch = Epoch(number: try reply.number(), dataSet: try reply.text())
            guard epoch.number < Limits.epochs else { throw reply.unexpected }
            return .epoch(epoch, isGrace: try reply.flag())
        case "other-version": return .otherVersion(version: try reply.number())
        default: throw reply.unexpected
        }
    }

    func words(_ call: RegisterCall) -> RedisCommand {
        var command = RedisCommand(.register, keys: 4)
        command.add(keys.epoch)
        command.add(keys.nodes)
        command.add(keys.dead)
        command.add(keys.labelStem, call.incarnation)
        command.add(call.epoch)
        command.add(call.incarnation)
        command.add(call.label)
        return command
    }

    func words(_ call: RenewCall) -> RedisCommand {
        var command = RedisCommand(.renew, keys: 3)
        command.add(keys.epoch)
        command.add(keys.nodes)
        command.add(keys.dead)
        command.add(call.epoch)
        command.add(call.incarnation)
        return command
    }

    /// The answer to a registration or a renewal.
    func rosterAnswer(_ reply: RespValue) throws(StoreReplyError) -> RosterAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "roster": return .roster(try roster(&reply))
        case "unregistered": return .unregistered
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }

    private func roster(_ reply: inout StoreReply) throws(StoreReplyError) -> Roster {
        let pairs = try reply.array()
        guard pairs.count.isMultiple(of: 2) else { throw reply.unexpected }
        var heartbeats: [Roster.Heartbeat] = []
        for index in stride(from: 0, to: pairs.count, by: 2) {
            guard let incarnation = pairs[index].text.flatMap({ Incarnation($0) }),
                let counter = pairs[index + 1].number.flatMap({ UInt64(exactly: $0) })
            else { throw reply.unexpected }
            heartbeats.append(.init(incarnation: incarnation, counter: counter))
        }
        var dead: [Incarnation] = []
        for value in try reply.array() {
            guard let incarnation = value.text.flatMap({ Incarnation($0) }) else {
                throw reply.unexpected
            }
            dead.append(incarnation)
        }
        return Roster(heartbeats: heartbeats, dead: dead)
    }

    func words(_ call: CertifyCall) -> RedisCommand {
        var command = RedisCommand(.certify, keys: 3)
        command.add(keys.epoch)
        command.add(keys.nodes)
        command.add(keys.dead)
        command.add(call.epoch)
        command.add(call.incarnation)
        command.add(call.dead.incarnation)
        command.add(call.dead.counter)
        return command
    }

    func certifyAnswer(_ reply: RespValue) throws(StoreReplyError) -> CertifyAnswer {
        let reply = try StoreReply(reply)
        switch reply.verdict {
        case "certified": return .certified
        case "moved": return .moved
        case "unregistered": return .unregistered
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }

    func words(_ call: ReapCall) -> RedisCommand {
        var command = RedisCommand(.reap, keys: 4 + call.keys.count)
        command.add(keys.epoch)
        command.add(keys.dead)
        command.add(keys.heldStem, call.dead)
        command.add(keys.labelStem, call.dead)
        for key in call.keys { command.add(keys.nameStem, key) }
        command.add(call.epoch)
        command.add(call.dead)
        command.add(UInt64(memory))
        command.add(keys.prefix)
        for key in call.keys { command.add(key) }
        return command
    }

    func reapAnswer(_ reply: RespValue) throws(StoreReplyError) -> ReapAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "left": return .left(try reply.number())
        case "not-dead": return .notDead
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }

    /// The command that ends an epoch's grace.
    func endGraceWords(_ epoch: Epoch) -> RedisCommand {
        var command = RedisCommand(.endgrace, keys: 1)
        command.add(keys.epoch)
        command.add(epoch)
        return command
    }

    /// Returns whether the grace was ended; false if there is another epoch.
    func endGraceAnswer(_ reply: RespValue) throws(StoreReplyError) -> Bool {
        let reply = try StoreReply(reply)
        switch reply.verdict {
        case "ended": return true
        case "other-epoch": return false
        default: throw reply.unexpected
        }
    }
}
