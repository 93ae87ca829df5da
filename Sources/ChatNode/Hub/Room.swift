import ChatCore

/// One room on one loop: its history, and a table of members for each encoding that members have.
final class Room {
    /// Kept beside the history, because each delivered message compares it.
    let name: RoomName
    /// What the loop has of the room's history.
    var history: RoomHistory
    /// When pages of the log were last used.
    var pagesUsedAt = Instant.distantPast
    /// How often the loop has entered the room while the node heard it, and was not told so yet that it is
    /// open.
    var entries = 0
    /// When messages were last delivered here.
    var deliveredAt = Instant.distantPast
    /// When the room was last caught up with for clients that are ahead.
    var recheckedAt = Instant.distantPast
    /// Whether the node does not hear the room any more, and has still members in it: their wish to hear
    /// it has crossed that.
    var isClosed = false
    /// The room's presence, and the pass that tells its members.
    var presence = PresenceTelling()
    var presencePass = PresencePass()
    /// Who writes.
    var typing = TypingUsers()
    /// The tables that have members.
    private(set) var tables: [MemberTable] = []

    init(_ history: RoomHistory) {
        self.history = history
        name = history.name
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

// MARK: - What is kept

extension Room {
    /// The cursor up to which every member that takes frames has been sent all.
    private var passed: Int { tables.reduce(history.backlog.end) { min($0, $1.passed) } }

    /// Drops the oldest messages, but none that a broadcast has still to send.
    func trim() { history.trim(passed: passed) }

    /// Does so at once if no broadcast follows that would.
    func trimIfEmpty() { if tables.isEmpty { trim() } }

    /// Drops all but what a broadcast has still to send. Returns how many bytes it were.
    func shrink() -> Int { history.shrink(passed: passed) }

    /// Has room for pages of the log, and returns the number of the message up to which the next one is to be
    /// read; nil: the node does not hear the room.
    func prepareForPage(now: Instant) -> UInt64? {
        // Members that have not been sent what a reset has voided keep it.
        history.dropVoidStart(lowestCursor: tables.reduce(.max) { min($0, $1.lowestCursor) })
        guard let start = history.start else { return nil }
        history.keepPages()
        pagesUsedAt = now
        return start.seq
    }

    /// Takes a page of the log that was asked for up to a number.
    func take(_ page: HistoryPage, upTo seq: UInt64, now: Instant) {
        let start = history.backlog.start
        history.take(page, upTo: seq)
        guard history.backlog.start < start else { return }
        // The page has got cursors that late members may have.
        for table in tables { table.markLate(before: start) }
        pagesUsedAt = now
    }

    /// Stops keeping pages of the log beyond the backlog's bounds.
    func releasePages() {
        history.keepPages(false)
        trim()
    }
}
