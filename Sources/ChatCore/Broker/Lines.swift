/// One loop's way into a room: whether it may be published in, and what is on its way there.
struct Line: Sendable {
    let room: RoomName
    /// The newest message there that was delivered here or is known to be accepted, in the reign in
    /// which the room was caught up. Nil: it has to be caught up first.
    var position: Position?
    var outbox: Outbox
    /// It is among those with a call that could leave.
    var isReady = false

    var epoch: UInt64? { position?.epoch }

    /// Something newer stands there.
    mutating func advance(to newer: Position) {
        guard let position, newer.epoch == position.epoch, newer.seq > position.seq else { return }
        self.position = newer
    }
}

/// The lines of one loop, each under a number of its own for good.
///
/// No room is ever forgotten. While there is only the lobby that is harmless; with many rooms, idle
/// ones must go.
///
/// A room's name is hashed where it comes in, and not even there while it is the same as before;
/// everything behind that goes by the number. A table of names was asked fifteen times a message, 320
/// instructions each (`Benchmarks/counts`).
struct Lines: Sendable {
    /// By number.
    var all: [Line] = []
    private var numbers: [RoomName: Int] = [:]
    /// The one asked for last.
    private var latest = 0
    private let maxWaiting: Int

    /// No lines. An outbox takes at most so many messages beyond those in flight.
    init(maxWaiting: Int) {
        self.maxWaiting = maxWaiting
    }

    /// A room's number; a room that has none gets the next.
    mutating func number(of room: RoomName) -> Int {
        if latest < all.count, all[latest].room == room { return latest }
        if let number = numbers[room] {
            latest = number
        } else {
            latest = all.count
            numbers[room] = latest
            all.append(Line(room: room, outbox: Outbox(maxWaiting: maxWaiting)))
        }
        return latest
    }
}
