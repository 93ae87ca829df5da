import ChatCore
import ChatSupport
import NIOCore

/// A pass over the members of a room on one loop, to tell them who is present there.
struct PresencePass {
    /// The number of members that it has still to look at; 0: no pass is under way.
    var rest = 0
    /// The place of the next one.
    var place = 0
}

/// Telling members who is present: each one that knows rooms, at most once for each piece of news. A member
/// whose socket does not take more at present is told when it does.
extension Shard {
    func presenceChanged(_ news: PresenceFrames) {
        guard let room = rooms[news.room] else { return }
        room.presence.take(news)
        guard let table = room.v1Table else { return }
        let isUnderWay = room.presencePass.rest > 0
        room.presencePass.rest = table.count
        // In a task of its own: members keep their places during a broadcast.
        if !isUnderWay { loop.assumeIsolated().execute { [self] in tellPresence(in: room) } }
    }

    /// Tells some members of a room, as many as a turn allows, and goes on later.
    private func tellPresence(in room: Room) {
        guard let table = room.v1Table else { return room.presencePass.rest = 0 }
        if table.hasMoved {
            // A member may have moved to a place that was passed.
            table.hasMoved = false
            room.presencePass.rest = table.count
        }
        var budget = BroadcastBudget(now: Clock.now, maxSends: sendsPerTurn)
        var tally = SendTally()
        room.presencePass.rest = min(room.presencePass.rest, table.count)
        while room.presencePass.rest > 0, budget.hasRest {
            if room.presencePass.place >= table.count { room.presencePass.place = 0 }
            if tellPresence(in: room, table, at: room.presencePass.place, &tally) {
                budget.countSend()
            }
            room.presencePass.place += 1
            room.presencePass.rest -= 1
        }
        metrics.toldPresence(tally)
        guard room.presencePass.rest > 0 else { return }
        goOn(after: Limits.broadcastPause) { [self] in tellPresence(in: room) }
    }

    /// Tells a member what it was not told, if its socket takes frames now. Returns whether it was sent
    /// anything.
    private func tellPresence(
        in room: Room,
        _ table: MemberTable,
        at place: Int,
        _ tally: inout SendTally
    ) -> Bool {
        let slot = Int(table.slots[place])
        guard writers[slot].takesFrames,
            let frame = room.presence.frame(forMemberTold: table.told(at: place))
        else { return false }
        table.setTold(room.presence.number, at: place)
        let outcome = frame.withUnsafeBytes { writers[slot].transmit($0) }
        if case .partly(let count) = outcome {
            writers[slot].block()
            connection(at: Int32(slot))?.handOver(frame[count...])
        }
        tally.add(messages: 1, bytes: frame.count)
        return true
    }

    /// Tells a client whose socket takes frames again who is present in its rooms.
    func tellPresence(to connection: Connection) {
        var tally = SendTally()
        for room in connection.memberships.all.map(\.table.room) {
            guard let membership = connection.memberships.membership(in: room),
                membership.table.encoding == .v1
            else { continue }
            _ = tellPresence(in: room, membership.table, at: membership.place, &tally)
        }
        metrics.toldPresence(tally)
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
