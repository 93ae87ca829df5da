/// The rooms that a loop is interested in: those with a member on the loop, those that a session waits for,
/// and those that have messages of its sessions.
///
/// A speaker without a member makes the room live first, like a member. When its messages are settled
/// the loop leaves the room again, at the next tick.
extension BrokerClient {
    /// Notes that a room has its first member on this loop.
    public mutating func memberJoined(_ room: RoomName, into effects: inout [Effect]) {
        let number = rooms.number(of: room)
        guard !rooms.all[number].hasMembers else { return }
        let wasWanted = rooms.all[number].isWanted
        rooms.all[number].hasMembers = true
        if !wasWanted { effects.append(.enterRoom(room)) }
    }

    /// Notes that a room has no member on this loop any more.
    public mutating func memberLeft(_ room: RoomName, into effects: inout [Effect]) {
        guard let number = rooms.existingNumber(of: room), rooms.all[number].hasMembers else {
            return
        }
        rooms.all[number].hasMembers = false
        leaveIfUnwanted(number, &effects)
    }

    /// Allows publishing in a room, which is caught up with to `position`, in the position's epoch.
    public mutating func opened(
        _ room: RoomName,
        at position: Position,
        into effects: inout [Effect]
    ) {
        let number = rooms.number(of: room)
        rooms.all[number].isHeard = true
        rooms.all[number].position = position
        markReady(number)
        tellEntered(number, &effects)
    }

    /// Forgets a room that is no longer heard. If this loop is interested in it, as one whose interest
    /// was on its way is, its messages wait until the room is opened again.
    public mutating func closed(_ room: RoomName) {
        guard let number = rooms.existingNumber(of: room) else { return }
        rooms.all[number].isHeard = false
        rooms.all[number].position = nil
        rooms.removeIfUnused(number)
    }

    /// Ends the interest in a room that cannot be heard, and refuses what waits for it.
    public mutating func refused(_ room: RoomName, into effects: inout [Effect]) {
        guard let number = rooms.existingNumber(of: room), rooms.all[number].isWanted else {
            return
        }
        for draft in rooms.all[number].outbox.takeWaiting() {
            refuse(draft, Self.tooManyRooms, &effects)
        }
        giveUpEntering(Self.tooManyRooms, number, since: .distantFuture, &effects)
        rooms.all[number].hasMembers = false
        // Messages in flight keep the interest until they are settled.
        if rooms.all[number].isSpeaking {
            stopSpeaking(&effects) { $0 == number }
        } else {
            leaveIfUnwanted(number, &effects)
        }
    }

    /// Notes that a room has been delivered up to a position.
    public mutating func delivered(_ room: RoomName, upTo position: Position) {
        guard let number = rooms.existingNumber(of: room) else { return }
        rooms.all[number].advance(to: position)
    }

    /// Notes that a room has a message, and enters it if the loop was not interested in it.
    mutating func beginSpeaking(_ number: Int, _ effects: inout [Effect]) {
        let wasWanted = rooms.all[number].isWanted
        keepUntilTick(number)
        if !wasWanted { effects.append(.enterRoom(rooms.all[number].room)) }
    }

    /// Keeps the interest in a room until its messages are settled, and at least until the next tick.
    mutating func keepUntilTick(_ number: Int) {
        guard !rooms.all[number].isSpeaking else { return }
        rooms.all[number].isSpeaking = true
        speaking.append(number)
    }

    /// Ends the interest that messages have kept, in the rooms whose messages are all settled.
    mutating func stopSpeaking(
        _ effects: inout [Effect],
        where mayStop: (Int) -> Bool = { _ in true }
    ) {
        guard !speaking.isEmpty else { return }
        let numbers = speaking
        speaking.removeAll(keepingCapacity: true)
        for number in numbers {
            let isDone = rooms.all[number].outbox.isEmpty && !rooms.all[number].isReady
            guard isDone, mayStop(number) else {
                speaking.append(number)
                continue
            }
            rooms.all[number].isSpeaking = false
            leaveIfUnwanted(number, &effects)
        }
    }

    mutating func leaveIfUnwanted(_ number: Int, _ effects: inout [Effect]) {
        guard !rooms.all[number].isWanted else { return }
        effects.append(.leaveRoom(rooms.all[number].room))
        rooms.removeIfUnused(number)
    }
}
