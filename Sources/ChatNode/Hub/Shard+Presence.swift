import ChatCore
import ChatSupport
import NIOCore

/// How far the members of a room on one loop were told who is present there.
struct PresenceTelling {
    /// The newest news; nil: it is not known yet who is present.
    var news: PresenceFrames?
    /// The number of pieces of news since the room is heard. A member that was told the one before is told the
    /// change alone; any other member the whole list.
    var number: UInt32 = 0
    /// The number of members that the present pass has still to look at; 0: no pass is under way.
    var rest = 0
    /// The place of the next one.
    var place = 0
}

/// Telling members who is present: each one that knows rooms, at most once for each piece of news. A member
/// whose socket does not take more at present is told when it does.
extension Shard {
    func presenceChanged(_ news: PresenceFrames) {
        guard let room = rooms[news.room] else { return }
        room.presence.news = news
        room.presence.number &+= 1
        guard let table = room.v1Table else { return }
        let isUnderWay = room.presence.rest > 0
        room.presence.rest = table.count
        // In a task of its own: members keep their places during a broadcast.
        if !isUnderWay { loop.assumeIsolated().execute { [self] in tellPresence(in: room) } }
    }

    /// Tells some members of a room, as many as a turn allows, and goes on later.
    private func tellPresence(in room: Room) {
        guard let table = room.v1Table else { return room.presence.rest = 0 }
        if table.hasMoved {
            // A member may have moved to a place that was passed.
            table.hasMoved = false
            room.presence.rest = table.count
        }
        var budget = BroadcastBudget(now: Clock.now, maxSends: sendsPerTurn)
        room.presence.rest = min(room.presence.rest, table.count)
        while room.presence.rest > 0, budget.hasRest {
            if room.presence.place >= table.count { room.presence.place = 0 }
            if tellPresence(in: room, table, at: room.presence.place) { budget.countSend() }
            room.presence.place += 1
            room.presence.rest -= 1
        }
        guard room.presence.rest > 0 else { return }
        goOn(after: Limits.broadcastPause) { [self] in tellPresence(in: room) }
    }

    /// Tells a member what it was not told, if its socket takes frames now. Returns whether it was sent
    /// anything.
    private func tellPresence(in room: Room, _ table: MemberTable, at place: Int) -> Bool {
        let number = room.presence.number
        let told = table.told(at: place)
        let slot = Int(table.slots[place])
        guard told != number, writers[slot].takesFrames, let news = room.presence.news else {
            return false
        }
        table.setTold(number, at: place)
        let frame = told > 0 && told == number &- 1 ? news.change : news.whole
        let outcome = frame.withUnsafeBytes { writers[slot].transmit($0) }
        if case .partly(let count) = outcome {
            writers[slot].block()
            connection(at: Int32(slot))?.handOver(frame[count...])
        }
        return true
    }

    /// Tells a client whose socket takes frames again who is present in its rooms.
    func tellPresence(to connection: Connection) {
        for room in connection.memberships.all.map(\.table.room) {
            guard let membership = connection.memberships.membership(in: room),
                membership.table.encoding == .v1
            else { continue }
            _ = tellPresence(in: room, membership.table, at: membership.place)
        }
    }

    /// Returns who is present, for a member that is told where it stands.
    func presenceToJoin(_ membership: Membership) -> PresenceFrames? {
        let room = membership.table.room
        guard membership.table.encoding == .v1 else { return nil }
        membership.table.setTold(room.presence.number, at: membership.place)
        return room.presence.news
    }
}

extension Room {
    /// The members that know rooms; nil: there are none.
    var v1Table: MemberTable? { tables.first { $0.encoding == .v1 } }
}
