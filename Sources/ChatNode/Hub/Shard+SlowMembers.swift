import ChatCore
import ChatSupport
import NIOCore

/// Members that know positions and have read so slowly that the backlog no longer holds what they lack: they
/// go on from the room's log, or are told what is lost to them.
extension Shard {
    /// Notes where a client stands in its rooms, because its socket takes nothing more for now: a cursor says
    /// nothing any more when the frames around it are gone.
    func noteStalled(_ connection: Connection) {
        guard connection.dialect.encoding == .v1 else { return }
        var places = stalled[connection.id] ?? []
        for membership in connection.memberships.all {
            let room = membership.table.room
            let cursor = membership.table.cursor(at: membership.place)
            guard cursor >= room.history.backlog.start, cursor <= room.history.backlog.end,
                let position = room.history.backlog.position(at: cursor) ?? room.history.position
            else { continue }
            places.removeAll { $0.room === room }
            places.append((room, position))
        }
        stalled[connection.id] = places
    }

    /// Forgets that, if the client lacks nothing that the backlogs do not hold.
    func endStalled(_ connection: Connection) {
        guard !stalled.isEmpty, stalled[connection.id] != nil,
            !writers[Int(connection.id.slot)].isBlocked
        else { return }
        let isLate = connection.memberships.all.contains { membership in
            let cursor = membership.table.cursor(at: membership.place)
            return cursor < membership.table.room.history.backlog.start
                || cursor == MemberTable.parked
        }
        if !isLate { stalled[connection.id] = nil }
    }

    /// Has a member go on that was parked by a pass.
    func goOnSoon(_ slot: Int32, _ table: MemberTable) {
        guard let id = connection(at: slot)?.id else { return }
        loop.assumeIsolated().execute { [self] in
            guard let connection = connection(id), isListening(connection),
                let membership = connection.memberships.membership(in: table.room),
                membership.table.cursor(at: membership.place) == MemberTable.parked
            else { return }
            guard let stood = stalled[id]?.first(where: { $0.room === table.room })?.position
            else {
                return closeSoon(slot, "too slow: messages were missed")
            }
            request(.goOn(after: stood), of: table.room.name, by: id)
        }
    }

    /// Has a member go on at a cursor, after it is told what has happened to the room's history.
    func goOn(
        _ connection: Connection,
        in room: Room,
        at cursor: Int,
        telling changes: [HistoryChange]
    ) {
        guard let membership = connection.memberships.membership(in: room),
            membership.table.cursor(at: membership.place) == MemberTable.parked
        else { return }
        for change in changes { connection.tell(Session.Event(change, in: room.name)) }
        guard isListening(connection) else { return }
        membership.table.move(at: membership.place, to: cursor)
        if membership.isAskedAgain, !membership.isReplaying {
            describe(membership, to: connection)
        } else {
            catchUp(connection)
        }
    }
}
