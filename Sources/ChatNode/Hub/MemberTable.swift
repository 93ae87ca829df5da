import ChatCore

/// The members of a room on one loop that are sent the same bytes: what is to be sent, and how far each
/// member has come.
///
/// Layout: members are in parallel arrays, so that a broadcast touches little memory per recipient.
final class MemberTable {
    /// The cursor of a member whom no pass sends anything, because it waits for pages of the room's log.
    static let parked = Int.max
    /// The room, which refers to this table only while it has members.
    let room: Room
    let encoding: Encoding
    /// The index of each member's socket in the shard's table.
    private(set) var slots: [Int32] = []
    /// The cursor of the next message that each member gets.
    private var cursors: [Int] = []
    /// The number of the news of who is present that each member was told last, of members that know rooms;
    /// 0: none.
    private var told: [UInt32] = []
    /// Whether a member has got another place since this was last set to false.
    var hasMoved = false

    /// The member at which the current broadcast continues; nil if none is under way. Every member
    /// before it has been sent what the backlog held when the pass began.
    var broadcastIndex: Int?
    /// The end of the backlog when the current pass began.
    var passEnd: Int
    /// The end of the backlog when the last pass that has ended began: no member that takes frames lacks
    /// what was there then.
    var passed: Int

    /// When the oldest message that the current pass is to send arrived.
    var arrivedAt = Instant.distantPast
    /// When the oldest message since the current pass began arrived; nil if there is none.
    var nextArrivedAt: Instant?

    init(of room: Room, _ encoding: Encoding) {
        self.room = room
        self.encoding = encoding
        passEnd = room.history.backlog.end
        passed = passEnd
    }

    var count: Int { slots.count }

    /// The number of messages that all members together have still to get.
    var messagesBehind: Int {
        let (start, end) = (room.history.backlog.start, room.history.backlog.end)
        return cursors.reduce(0) { $0 + end - min(max($1, start), end) }
    }

    /// The cursor of the member that lacks most; of a parked one it is not known.
    var lowestCursor: Int { cursors.min() ?? .max }

    /// Marks the members with a cursor before another one as late for good: other frames get these cursors.
    func markLate(before start: Int) {
        for place in cursors.indices where cursors[place] < start { cursors[place] = .min }
    }

    /// Lends the members to a broadcast: their slots, and the cursors that it advances. No member
    /// can join or leave meanwhile.
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

    /// Adds a member that gets the messages from a cursor on, and returns its place.
    func add(slot: Int32, at cursor: Int) -> Int {
        slots.append(slot)
        cursors.append(cursor)
        if encoding == .v1 { told.append(0) }
        return slots.count - 1
    }

    /// Returns the cursor from which a member continues.
    func cursor(at place: Int) -> Int { cursors[place] }

    /// Sets the cursor from which a member continues.
    func move(at place: Int, to cursor: Int) {
        cursors[place] = cursor
    }

    /// Returns the number of the news of who is present that a member was told last; 0: none.
    func told(at place: Int) -> UInt32 { told[place] }

    /// Notes which news of who is present a member was told.
    func setTold(_ number: UInt32, at place: Int) { told[place] = number }

    /// Removes a member, and calls `moved` for each member whose place changes by it: two at most.
    ///
    /// During a broadcast's pause the gap is moved first to the boundary between the members that
    /// the pass has reached and the others. If a member that has been sent nothing yet were moved
    /// before that boundary, another pass would be needed, and while clients come and go the passes
    /// would never end.
    func remove(at place: Int, moved: (_ slot: Int32, _ place: Int) -> Void) {
        var hole = place
        if let border = broadcastIndex.map({ $0 - 1 }), place <= border {
            fill(hole, from: border, moved)
            hole = border
            broadcastIndex = border
        }
        fill(hole, from: slots.count - 1, moved)
        slots.removeLast()
        cursors.removeLast()
        if encoding == .v1 { told.removeLast() }
    }

    private func fill(_ hole: Int, from place: Int, _ moved: (Int32, Int) -> Void) {
        guard hole != place else { return }
        slots[hole] = slots[place]
        cursors[hole] = cursors[place]
        if encoding == .v1 { told[hole] = told[place] }
        hasMoved = true
        moved(slots[hole], hole)
    }
}
