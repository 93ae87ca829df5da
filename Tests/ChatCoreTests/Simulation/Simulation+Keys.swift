@testable import ChatCore

/// Keys of Redis that are changed by hand.
extension Simulation {
    /// One key at a time: where the log does not tell the top, both would be gone.
    func changeTop(to top: MessagePlace?) {
        guard kind == .changesRooms || redis.isIntact, mayChangeRoom(to: top) else { return }
        redis.changeTop(to: top)
    }

    /// Whether a room may be changed by hand now. Two things no key tells of, so that a loss is silent
    /// (docs/guarantees.md): a room that is put back to a state that has the message at which a node was
    /// cut off, and a second change while a node is stopped that was sent what came after the first.
    func mayChangeRoom(to top: MessagePlace?, _ room: RoomLog? = nil) -> Bool {
        guard kind == .changesRooms else { return true }
        let stopped = Set(nodes.filter(\.isPaused).map(\.number))
        changedDuring.formIntersection(stopped)
        guard changedDuring.isEmpty else { return false }
        for node in nodes where node.isCutOff {
            guard let top, let position = node.member.rooms.position(in: .lobby) else { continue }
            if position.seq == top.seq, position.mid == top.mid { return false }
            if room?.holds(position.mid, at: position.seq) == true { return false }
        }
        changedDuring = stopped
        return true
    }

    var mayLoseLog: Bool { kind == .changesRooms || redis.isTopCurrent }

    /// Remembers a value, and puts it back after some writes.
    func putBack<Value>(_ value: () -> Value, as put: @escaping (Value) -> Void) {
        let old = value()
        world.after(world.duration(1...3_000, unit: 1_000_000)) { put(old) }
    }
}

extension SimRedis {
    var top: MessagePlace? { store.rooms[.lobby]?.top }

    /// The log ends where the room does.
    var isIntact: Bool { top != nil && store.rooms[.lobby]?.reach == top }

    /// The room does not end before its log. If it does, only the log tells the room's end: without the
    /// log both keys would be gone, and in a newer epoch that looks like the loss that began it.
    var isTopCurrent: Bool {
        guard let top else { return false }
        return store.rooms[.lobby]?.reach.map { $0 == top || $0.seq < top.seq } ?? true
    }

    func changeTop(to top: MessagePlace?) { store.rooms[.lobby]?.top = top }

    func loseLog() {
        let top = top
        store.rooms[.lobby] = RoomLog()
        store.rooms[.lobby]?.top = top
    }

    func putLogBack(_ old: RoomLog?) {
        guard var old, let top else { return }
        old.top = top
        store.rooms[.lobby] = old
    }
}
