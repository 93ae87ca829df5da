import ChatCore

/// One room on one loop: what is to be sent, and how far each member has come.
///
/// Members stand in parallel arrays, so that the walk touches little memory per recipient.
final class Room {
    let name: RoomName
    var backlog = Backlog()
    /// Where each member's socket is in the shard's table.
    private(set) var slots: [Int32] = []
    /// What each member gets next.
    private var cursors: [Int] = []

    /// The member at which the walk that is under way goes on; nil where none is.
    var walkIndex: Int?
    /// What there was to send when the pass under way began.
    var passEnd = 0
    /// A member has been moved to a place that the pass has been at: one pass more is needed.
    var hasMoved = false

    /// When the oldest came of what the pass under way is to offer.
    var arrivedAt = Instant.distantPast
    /// The same of what has come since it began; nil where nothing has.
    var nextArrivedAt: Instant?

    init(name: RoomName) {
        self.name = name
    }

    var count: Int { slots.count }

    /// What all members together have still to get.
    var messagesBehind: Int { count * backlog.end - cursors.reduce(0, +) }

    /// Lends out the members to a walk: their slots, and the cursors that it moves on. Nobody can join
    /// or leave meanwhile.
    func withMembers<Answer>(
        _ body: (
            _ slots: UnsafeBufferPointer<Int32>, _ cursors: inout UnsafeMutableBufferPointer<Int>
        )
            -> Answer
    ) -> Answer {
        cursors.withUnsafeMutableBufferPointer { cursors in
            slots.withUnsafeBufferPointer { body($0, &cursors) }
        }
    }

    /// Adds a member that hears what comes from now on. The answer is its place.
    func add(slot: Int32) -> Int {
        slots.append(slot)
        cursors.append(backlog.end)
        return slots.count - 1
    }

    /// A member goes on from another cursor.
    func move(at place: Int, to cursor: Int) {
        cursors[place] = cursor
    }

    /// Takes a member out. The answer is the slot of the member that has moved to its place.
    func remove(at place: Int) -> Int32? {
        let last = slots.count - 1
        slots.swapAt(place, last)
        cursors.swapAt(place, last)
        slots.removeLast()
        cursors.removeLast()
        if let walkIndex, place < walkIndex { hasMoved = true }
        return place == last ? nil : slots[place]
    }
}
