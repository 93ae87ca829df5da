/// The sessions of this loop that want to hear rooms.
extension BrokerClient {
    /// A session that waits for a room, and since when.
    struct Entering: Sendable {
        let socket: SocketID
        let since: Instant
    }

    /// Has this node hear a room for a session. `entered` answers: at once if the node hears it already;
    /// otherwise `notBegun` does, unless the session may begin rooms.
    /// The session's owner then has `memberJoined` called, if the session is the room's first member.
    public mutating func enter(
        _ room: RoomName,
        for socket: SocketID,
        mayBegin: Bool,
        now: Instant,
        into effects: inout [Effect]
    ) {
        let number = rooms.number(of: room)
        if rooms.all[number].position != nil {
            return effects.append(.tell(socket, .entered(room, birth: nil)))
        }
        guard mayBegin || rooms.all[number].isHeard else {
            effects.append(.tell(socket, .notBegun(room)))
            return rooms.removeIfUnused(number)
        }
        guard mayAskSoon else {
            effects.append(.tell(socket, .notEntered(room, reason: reason)))
            return rooms.removeIfUnused(number)
        }
        let wasWanted = rooms.all[number].isWanted
        if rooms.all[number].entering.isEmpty { awaited.append(number) }
        rooms.all[number].entering.append(Entering(socket: socket, since: now))
        if !wasWanted { effects.append(.enterRoom(room)) }
    }

    /// Ends a session's wish to hear a room, if the node does not hear it yet.
    ///
    /// Cost: a look at each session that waits for this room.
    public mutating func leave(
        _ room: RoomName,
        for socket: SocketID,
        into effects: inout [Effect]
    ) {
        guard let number = rooms.existingNumber(of: room), !rooms.all[number].entering.isEmpty
        else { return }
        rooms.all[number].entering.removeAll { $0.socket == socket }
        leaveIfUnwanted(number, &effects)
    }

    /// Tells the sessions that wait for a room that the node hears it. They are members by the end of
    /// this turn, and keep the interest; it ends at the next tick if none is.
    mutating func tellEntered(_ number: Int, _ effects: inout [Effect]) {
        guard !rooms.all[number].entering.isEmpty else { return }
        let entering = rooms.all[number].entering
        let birth = rooms.all[number].position.flatMap { $0.seq == 0 ? $0.mid : nil }
        rooms.all[number].entering = []
        keepUntilTick(number)
        for entry in entering {
            effects.append(.tell(entry.socket, .entered(rooms.all[number].room, birth: birth)))
        }
    }

    /// Tells the sessions that have waited for any room since `instant` or longer that they wait in vain.
    mutating func giveUpEntering(
        _ reason: String,
        since instant: Instant,
        _ effects: inout [Effect]
    ) {
        guard !awaited.isEmpty else { return }
        for number in awaited { giveUpEntering(reason, number, since: instant, &effects) }
        awaited.removeAll { rooms.all[$0].entering.isEmpty }
    }

    /// Does the same for those that wait for one room.
    mutating func giveUpEntering(
        _ reason: String,
        _ number: Int,
        since instant: Instant,
        _ effects: inout [Effect]
    ) {
        let late = rooms.all[number].entering.filter { $0.since <= instant }
        guard !late.isEmpty else { return }
        rooms.all[number].entering.removeAll { $0.since <= instant }
        let room = rooms.all[number].room
        for entry in late {
            effects.append(.tell(entry.socket, .notEntered(room, reason: reason)))
        }
        leaveIfUnwanted(number, &effects)
    }
}
