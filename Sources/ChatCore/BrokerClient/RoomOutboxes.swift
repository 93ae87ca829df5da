/// The outbox of one loop for one room, and what the loop knows of the room.
struct RoomOutbox: Sendable {
    let room: RoomName
    /// The newest message of the room that was delivered here or is known to be accepted, in the
    /// epoch in which the room was caught up. Nil: the room is not open, or it has to be caught up
    /// first.
    var position: Position?
    var outbox: Outbox
    /// Whether the outbox is listed in `BrokerClient.ready`.
    var isReady = false
    /// Whether the outbox is listed in `BrokerClient.speaking`: it has messages, or had some at the
    /// last tick, or sessions have just entered that are not members yet.
    var isSpeaking = false
    /// Whether the loop has a member in the room.
    var hasMembers = false
    /// The sessions that wait until the node hears the room. If there are any, the room is listed in
    /// `BrokerClient.awaited`.
    var entering: [BrokerClient.Entering] = []
    /// Whether the node hears the room, as far as this loop was told.
    var isHeard = false

    var epoch: UInt64? { position?.epoch }

    /// Whether the loop is interested in the room: it has a member there, or something to say, or a
    /// session waits for it.
    var isWanted: Bool { hasMembers || isSpeaking || !entering.isEmpty }

    /// Whether nothing of the room has to be remembered.
    var isUnused: Bool { !isHeard && !isWanted && !isReady }

    /// Moves the position to a newer message of the same epoch.
    mutating func advance(to newer: Position) {
        guard let position, newer.epoch == position.epoch, newer.seq > position.seq else { return }
        self.position = newer
    }
}

/// The outboxes of one loop: of each room that the node hears, and of each that the loop is interested
/// in.
///
/// A room has a number of its own while there is an outbox for it; a later room may get the same one. A
/// room's name is hashed only where it comes in, and not even there if it is the same as the last one;
/// everything after that uses the number. A table of names was looked up fifteen times per message, at
/// 320 instructions each (`Benchmarks/counts`).
struct RoomOutboxes: Sendable {
    /// The outboxes by number. One whose number is free is empty.
    var all: [RoomOutbox] = []
    private var numbers: [RoomName: Int] = [:]
    private var freeNumbers: [Int] = []
    /// The number found last; `Int.max` if that room was removed.
    private var latest = Int.max
    private let maxWaiting: Int

    /// Makes an empty table. Each outbox takes at most `maxWaiting` messages beyond those in
    /// flight.
    init(maxWaiting: Int) {
        self.maxWaiting = maxWaiting
    }

    /// Returns a room's number; nil: there is no outbox for it.
    mutating func existingNumber(of room: RoomName) -> Int? {
        if latest < all.count, all[latest].room == room { return latest }
        guard let number = numbers[room] else { return nil }
        latest = number
        return number
    }

    /// Returns a room's number; a new room gets one that is free.
    mutating func number(of room: RoomName) -> Int {
        if latest < all.count, all[latest].room == room { return latest }
        if let number = existingNumber(of: room) { return number }
        let outbox = RoomOutbox(room: room, outbox: Outbox(maxWaiting: maxWaiting))
        if let number = freeNumbers.popLast() {
            latest = number
            all[number] = outbox
        } else {
            latest = all.count
            all.append(outbox)
        }
        numbers[room] = latest
        return latest
    }

    /// Removes an outbox if nothing of its room has to be remembered; its number is free then.
    mutating func removeIfUnused(_ number: Int) {
        // A number that is free already has no name.
        guard all[number].isUnused, numbers[all[number].room] == number else { return }
        precondition(all[number].outbox.isEmpty, "a message keeps its room")
        numbers[all[number].room] = nil
        freeNumbers.append(number)
        if latest == number { latest = .max }
    }
}
