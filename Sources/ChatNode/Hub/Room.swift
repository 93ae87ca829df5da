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
    /// Whether messages are lost since that position: the next one does not follow it.
    private var mayJump = false
    /// The clients that wait until the node has heard as much of the room as they have.
    var early: [EarlyJoin] = []
    /// What waits for pages of the room's log.
    var waits: [PageWait] = []
    /// The connection over which a page of the log was asked for that has not come; nil: none was.
    var readOver: Int?
    /// Whether the log is known to have nothing before the oldest frame of the backlog.
    private(set) var isLogRead = false
    /// When pages of the log were last used.
    var pagesUsedAt = Instant.distantPast
    /// The number of messages that are kept of a room at most; 0: no history is given to clients.
    let history: UInt64
    /// How often the loop has entered the room while the node heard it, and was not told so yet that it is
    /// open.
    var entries = 0
    /// When messages were last delivered here.
    var deliveredAt = Instant.distantPast
    /// When the room was last caught up with for them.
    var recheckedAt = Instant.distantPast
    /// Whether the node does not hear the room any more, and has still members in it: their wish to hear
    /// it has crossed that.
    var isClosed = false
    /// How far its members were told who is present.
    var presence = PresenceTelling()
    /// The tables that have members.
    private(set) var tables: [MemberTable] = []

    init(name: RoomName, history: Int = Limits.historyMessages) {
        self.name = name
        self.history = UInt64(history)
    }

    /// The number of messages that all members together have still to get.
    var messagesBehind: Int { tables.reduce(0) { $0 + $1.messagesBehind } }

    /// Whether something waits for pages since an instant or longer.
    func hasWaits(since latest: Instant) -> Bool { waits.contains { $0.since <= latest } }

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
    /// Notes that the room is open and stands at a position. Clients that know positions are told if that
    /// is not where it stood: messages were missed while the room was closed. Returns whether it is.
    func open(at position: Position) -> Bool {
        guard let stood = self.position, !mayJump else {
            self.position = position
            mayJump = false
            return true
        }
        let isContinued = stood.isSamePlace(as: position)
        if !isContinued, position.seq > stood.seq {
            change(.gap(stood.seq + 1...position.seq))
        }
        if !isContinued || position.epoch > stood.epoch { reset(to: position) }
        return isContinued
    }

    /// Adds the messages that all members are to get next.
    func append(_ batch: FramedBatch) {
        let follows = position.map { batch.follows($0) } ?? true
        // A backend tells that before: this is for one that does not.
        if !follows, !mayJump, let before = batch.position(before: 0) { reset(to: before) }
        backlog.append(batch)
        if let end = batch.position {
            // What is read from the log may have been written in an earlier epoch.
            position = end.inEpoch(atLeast: position?.epoch ?? 0)
            mayJump = false
        }
        // No broadcast follows that would do it.
        if tables.isEmpty { trim() }
    }

    /// Goes on from a position: what was delivered after it is void.
    func reset(to position: Position) {
        change(.reset(position))
        self.position = position
        mayJump = false
        isLogRead = false
    }

    /// Notes that messages are lost, and which, if that is known.
    func miss(_ numbers: ClosedRange<UInt64>?) {
        if let numbers { change(.gap(numbers)) }
        mayJump = true
    }

    /// Puts a change of the room's history after the messages that came before it.
    private func change(_ change: HistoryChange) {
        var json: [UInt8] = []
        Dialect.v1.append(Session.Event(change, in: name), to: &json)
        backlog.append(change, framed: FramedBatch(framing: json), after: position)
        if tables.isEmpty { trim() }
    }

    /// Drops the oldest messages, but none that a broadcast has still to send.
    func trim() {
        let start = backlog.start
        backlog.trim(passed: tables.reduce(backlog.end) { min($0, $1.passed) })
        if backlog.start != start { isLogRead = false }
    }

    /// Drops all but what a broadcast has still to send. Returns how many bytes it were.
    func shrink() -> Int {
        let before = backlog.byteCount
        backlog.hasPages = false
        backlog.drop(before: tables.reduce(backlog.end) { min($0, $1.passed) })
        if backlog.byteCount < before { isLogRead = false }
        return before - backlog.byteCount
    }

    /// Keeps more than the backlog's bounds for pages of the log, from when the first is asked for: it has to
    /// end before the oldest frame that is kept when it comes.
    func keepPages(now: Instant) {
        backlog.hasPages = true
        pagesUsedAt = now
    }

    /// Stops keeping pages of the log beyond the backlog's bounds.
    func releasePages() {
        backlog.hasPages = false
        trim()
    }

    /// Drops the oldest frames if a reset has voided all of them: what the log has comes before that reset's
    /// base. Members that have not been sent them keep them.
    func dropVoidStart() {
        guard let start = listStart, let cursor = backlog.cursor(afterResetOf: start),
            tables.allSatisfy({ $0.lowestCursor >= cursor })
        else { return }
        drop(before: cursor)
    }

    func drop(before cursor: Int) { backlog.drop(before: cursor) }

    /// Takes a page of the log, which ends before the oldest frame of the backlog if the room's history is
    /// still that of the backlog.
    func take(_ page: HistoryPage, now: Instant) {
        guard let end = page.entries.last?.end, listStart?.isSamePlace(as: end) == true else {
            isLogRead = true
            return
        }
        // The page gets cursors that late members may have.
        for table in tables { table.markLate(before: backlog.start) }
        backlog.prepend(page.entries.map { FramedBatch(framing: $0) })
        keepPages(now: now)
        isLogRead = !page.hasMore
    }

    /// The position before the oldest frame of the backlog.
    var listStart: Position? { position(at: backlog.start) }

    /// Whether the log may have messages before the oldest frame of the backlog.
    var mayReadMore: Bool { history > 0 && !isLogRead && (listStart?.seq ?? 0) > 0 }

    /// Whether a position is ahead of what was delivered here.
    func isBehind(_ stood: Position) -> Bool {
        guard let position else { return true }
        return stood.seq > position.seq || stood.epoch > position.epoch
    }

    /// Returns the position of a member with this cursor, in the epoch that the next reset replaces or the
    /// room's present one; nil if it is so late that it is no longer known.
    func position(at cursor: Int) -> Position? {
        guard cursor >= backlog.start, let position else { return nil }
        guard cursor < backlog.end else { return position }
        let epoch = backlog.epoch(at: cursor) ?? position.epoch
        return backlog.position(at: cursor)?.inEpoch(atLeast: epoch) ?? position
    }
}
