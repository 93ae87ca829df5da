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

    /// The member at which the walk that is under way goes on; nil where none is. All before it have
    /// been offered what there was when the pass began.
    var walkIndex: Int?
    /// What there was to send when the pass under way began.
    var passEnd = 0

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

    /// Takes a member out. `moved` hears of those that get other places by it: two at most.
    ///
    /// In a walk's pause the hole goes to the border first, so that what has been passed stays
    /// together: were a member that has not been offered anything put there, another pass would be
    /// needed, and while people come and go there would be no end of them.
    func remove(at place: Int, moved: (_ slot: Int32, _ place: Int) -> Void) {
        var hole = place
        if let border = walkIndex.map({ $0 - 1 }), place <= border {
            fill(hole, from: border, moved)
            hole = border
            walkIndex = border
        }
        fill(hole, from: slots.count - 1, moved)
        slots.removeLast()
        cursors.removeLast()
    }

    private func fill(_ hole: Int, from place: Int, _ moved: (Int32, Int) -> Void) {
        guard hole != place else { return }
        slots[hole] = slots[place]
        cursors[hole] = cursors[place]
        moved(slots[hole], hole)
    }
}
