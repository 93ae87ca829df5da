import ChatCore

/// One room on one loop: its newest messages, and a table of members for each encoding that members have.
///
/// It is there from the moment at which the node hears the room, with members or without: a client that
/// comes back finds what it has missed.
final class Room {
    let name: RoomName
    /// The newest messages.
    private(set) var backlog = Backlog()
    /// The position of the newest numbered message that was delivered here; nil: the node does not hear
    /// the room yet.
    private(set) var position: Position?
    /// The clients that wait until the node has heard as much of the room as they have.
    var early: [EarlyJoin] = []
    /// When the room was last caught up with for them.
    var recheckedAt = Instant.distantPast
    /// Whether the node does not hear the room any more, and has still members in it: their wish to hear
    /// it has crossed that.
    var isClosed = false
    /// The tables that have members.
    private(set) var tables: [MemberTable] = []

    init(name: RoomName) {
        self.name = name
    }

    /// The number of messages that all members together have still to get.
    var messagesBehind: Int { tables.reduce(0) { $0 + $1.messagesBehind } }

    /// Returns the table of an encoding; makes it if there is none.
    func table(of encoding: Encoding) -> MemberTable {
        if let table = tables.first(where: { $0.encoding == encoding }) { return table }
        let table = MemberTable(of: self, encoding)
        tables.append(table)
        return table
    }

    /// Forgets a table that has no members any more.
    func remove(_ table: MemberTable) {
        tables.removeAll { $0 === table }
    }
}

// MARK: - Messages

extension Room {
    /// Notes that messages come from a position on. Returns whether that is where the room stood.
    func open(at position: Position) -> Bool {
        defer { self.position = position }
        guard let stood = self.position else { return true }
        return stood.seq == position.seq && stood.mid == position.mid
    }

    /// Adds the messages that all members are to get next. Returns whether they follow those before
    /// them: if not, the room's history has changed, or messages are lost.
    func append(_ batch: FramedBatch) -> Bool {
        let follows = position.map { batch.follows($0) } ?? true
        if !follows { breakHistory() }
        backlog.append(batch)
        if let position = batch.position { self.position = position }
        // No broadcast follows that would do it.
        if tables.isEmpty { trim() }
        return follows
    }

    /// Notes that what comes next does not follow what was there before: no client is sent the one and
    /// then the other as if it did.
    func breakHistory() { backlog.breakHistory() }

    /// Drops the oldest messages, but none that a broadcast has still to send.
    func trim() {
        backlog.trim(passed: tables.reduce(backlog.end) { min($0, $1.passed) })
    }

    /// Whether a position is ahead of what was delivered here.
    func isBehind(_ stood: Position) -> Bool {
        guard let position else { return true }
        return stood.seq > position.seq || stood.epoch > position.epoch
    }

    /// Returns the cursor at which a member begins, and whether it then gets all that it has missed; nil:
    /// it does not say where it stood.
    func cursor(at start: Session.Start) -> (cursor: Int, isRecovered: Bool?) {
        switch start {
        case .now: return (backlog.end, nil)
        case .nowhere: return (backlog.end, false)
        case .after(let stood):
            if stood == position { return (backlog.end, true) }
            guard let cursor = backlog.cursor(after: stood) else { return (backlog.end, false) }
            return (cursor, true)
        }
    }

    /// Returns the position of a member with this cursor; nil if it is so late that it is no longer known.
    func position(at cursor: Int) -> Position? {
        guard cursor >= backlog.start else { return nil }
        guard cursor < backlog.end else { return position }
        return backlog.position(at: cursor) ?? position
    }
}
