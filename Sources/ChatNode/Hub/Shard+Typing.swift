import ChatCore
import ChatSupport

/// Telling members who writes. What a member's socket does not take at once it is not told.
extension Shard {
    func typing(_ name: String, in roomName: RoomName) {
        guard let room = rooms[roomName], let table = room.v1Table,
            table.count <= Limits.typingMembers
        else { return }
        if room.typing.isIdle { typingRooms.append(room) }
        room.typing.typed(name, now: Clock.now)
        tellTyping(in: room, Clock.now)
    }

    /// Tells who writes no more, and what was not due before.
    func tellTyping(_ now: Instant) {
        guard !typingRooms.isEmpty else { return }
        for room in typingRooms { tellTyping(in: room, now) }
        typingRooms.removeAll { $0.typing.isIdle || rooms[$0.name] !== $0 }
    }

    private func tellTyping(in room: Room, _ now: Instant) {
        // Those who were told of names are told of their end, also if there are too many members now.
        guard let names = room.typing.takeNews(now: now), let table = room.v1Table,
            names.isEmpty || table.count <= Limits.typingMembers
        else { return }
        let frame = TypingFrame.bytes(of: names, in: room.name)
        for slot in table.slots where writers[Int(slot)].takesFrames {
            let outcome = frame.withUnsafeBytes { writers[Int(slot)].transmit($0) }
            if case .partly(let count) = outcome {
                writers[Int(slot)].block()
                connection(at: slot)?.handOver(frame[count...])
            }
        }
    }
}
