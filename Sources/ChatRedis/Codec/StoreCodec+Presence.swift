import ChatCore

extension StoreCodec {
    func words(_ call: PresenceCall) -> RedisCommand {
        var command = RedisCommand(.presence, keys: 2 + call.moves.count)
        command.add(keys.epoch)
        command.add(keys.heldStem, call.incarnation)
        for move in call.moves { command.add(keys.nameStem, move.username.key) }
        command.add(call.epoch)
        command.add(call.incarnation)
        command.add(keys.prefix)
        command.add(UInt64(memory))
        for move in call.moves {
            command.add(move.username.key)
            command.add(move.login)
            command.add(move.fence)
            command.add(move.producer)
            command.add(move.username.display)
            command.add(move.left)
            command.add(move.joined)
        }
        return command
    }

    /// The answer to a call of `count` names.
    func presenceAnswer(_ reply: RespValue, count: Int) throws(StoreReplyError) -> PresenceAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "verdicts":
            guard reply.count == count else { throw reply.unexpected }
            var verdicts: [PresenceVerdict] = []
            verdicts.reserveCapacity(count)
            while reply.count > 0 {
                switch try StoreReply(try reply.part()).verdict {
                case "done": verdicts.append(.done)
                case "fenced": verdicts.append(.fenced)
                default: throw reply.unexpected
                }
            }
            return .verdicts(verdicts)
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }

    func words(_ call: PresentCall) -> RedisCommand {
        var command = RedisCommand(.present, keys: 3)
        command.add(keys.epoch)
        command.add(keys.roomStem, call.room.text)
        command.add(keys.hereStem, call.room.text)
        command.add(call.epoch)
        command.add(UInt64(Limits.presenceListed))
        return command
    }

    func presentAnswer(_ reply: RespValue) throws(StoreReplyError) -> PresentAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "present":
            let number: UInt64 = try reply.number()
            let count: Int = try reply.number()
            guard count <= Limits.presenceListed else {
                return .present(number: number, count: count, names: nil)
            }
            guard reply.count == 2 * count else { throw reply.unexpected }
            var names: [PresentName] = []
            names.reserveCapacity(count)
            while reply.count > 0 {
                let key = try reply.text()
                // The producer id stands before the spelling.
                let text = try reply.text()
                // One that was written by hand in another form is passed over.
                guard let space = text.utf8.firstIndex(of: UInt8(ascii: " ")) else { continue }
                let display = String(decoding: text.utf8[space...].dropFirst(), as: UTF8.self)
                names.append(PresentName(key: key, display: display))
            }
            names.sort { $0.key < $1.key }
            return .present(number: number, count: count, names: names)
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }
}

extension RedisCommand {
    /// Adds rooms as one word, with a space between two.
    mutating func add(_ rooms: [RoomName]) {
        guard rooms.count != 1 else { return add(rooms[0].text) }
        add(rooms.map(\.text).joined(separator: " "))
    }
}

extension StoreReply {
    /// Reads rooms from one text with a space between two.
    mutating func rooms() throws(StoreReplyError) -> [RoomName] {
        let text = try text()
        guard !text.isEmpty else { return [] }
        var rooms: [RoomName] = []
        for word in text.split(separator: " ") {
            guard let room = try? RoomName(String(word)) else { throw unexpected }
            rooms.append(room)
        }
        return rooms
    }
}
