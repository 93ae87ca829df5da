@testable import ChatCore
@testable import ChatRedis

/// Who is present in rooms, in both.
extension Both {
    mutating func move() throws {
        let call = calls.moves()
        let theirs = try redis.move(call)
        try same("move", word(theirs), call, store.move(call), theirs)
        try sameTold(call)
        guard case .verdicts(let verdicts) = theirs else { return }
        for verdict in verdicts { answers["move \(verdict)", default: 0] += 1 }
    }

    mutating func reap() throws {
        let call = calls.reap()
        let theirs = try redis.reap(call)
        try same("reap", word(theirs), call, store.reap(call), theirs)
        try sameTold(call)
    }

    mutating func release() throws {
        let call = calls.release()
        let theirs = try redis.release(call)
        try same("release", "\(call.action) \(theirs)", call, store.release(call), theirs)
        try sameTold(call)
    }

    /// Compares what nodes were told by a call.
    mutating func sameTold(_ call: Any) throws {
        let theirs = redis.takeTold()
        let isPresence = theirs.contains { $0.contains(" P ") }
        try same("told", isPresence ? "presence" : "others", call, store.takeTold(), theirs)
    }

    /// Compares who is present in each room, under which producer, and the rooms of each record.
    mutating func comparePresence() throws {
        let keys = redis.codec.keys
        for room in calls.rooms + calls.manyRooms.prefix(2) {
            let call = PresentCall(epoch: calls.epochs[calls.epochs.count - 1], room: room)
            let theirs = try redis.present(call)
            try same("present", word(theirs), call, store.present(call), theirs)
            let entries = try redis.client.run("HGETALL", keys.here(in: room)).elements ?? []
            let ours = (store.store.presence[room]?.names ?? [:]).flatMap {
                [$0.key, "\($0.value.producer) \($0.value.display)"]
            }
            try same("here", "", room, Set(ours), Set(entries.compactMap(\.text)))
        }
        for key in ["ada", "bob", "ève"] {
            let rooms = try redis.client.run("HGET", keys.name(key), "rooms").text ?? ""
            let ours = store.store.names[key]?.rooms.map(\.text).joined(separator: " ") ?? ""
            try same("rooms", "", key, ours, rooms)
        }
    }
}
