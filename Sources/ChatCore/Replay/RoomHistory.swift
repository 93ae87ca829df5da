/// What one loop has of a room's history: its newest messages, where it stands, and whether the room's log
/// has more before them.
///
/// It is there from the moment at which the node hears the room, with members or without: a client that comes
/// back finds what it has missed.
///
/// On: the loop that owns it.
public struct RoomHistory {
    /// The room.
    public let name: RoomName
    /// The newest messages, and the changes of the history among them.
    public private(set) var backlog: Backlog
    /// The position of the newest numbered message that was delivered here; nil: the node does not hear
    /// the room yet.
    public private(set) var position: Position?
    /// The number of messages that are kept of a room at most; 0: no history is given to clients.
    let kept: UInt64
    /// Whether messages are lost since the position: the next one does not follow it.
    private var mayJump = false
    /// The messages that were taken back.
    private var removed = RemovedMessages()
    /// Whether the room was reset since one was: an older copy of the log may bring a text back.
    private var mayBringBack = false
    /// The messages whose removals were lost with data, until the loop takes them.
    private var lostRemovals: [MessagePlace] = []
    /// Whether the log is known to have nothing before the oldest frame of the backlog.
    private var isLogRead = false
    /// The end of the backlog when the room was opened last; beyond every end, if it has to be opened again.
    private var openedEnd = Int.max

    /// Makes the history of a room of which nothing is known. `keeping` is the number of messages that the
    /// room's log keeps at most.
    public init(
        of name: RoomName,
        keeping: Int = Limits.historyMessages,
        backlog: Backlog = Backlog()
    ) {
        self.name = name
        self.backlog = backlog
        kept = UInt64(keeping)
    }
}

// MARK: - What the broker tells

extension RoomHistory {
    /// Notes that the room is open and stands at a position. Clients that know positions are told if that
    /// is not where it stood: messages were missed while the room was closed. Returns whether it is.
    public mutating func open(at position: Position) -> Bool {
        defer { openedEnd = backlog.end }
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

    /// Notes that messages may be missing until the room is opened again.
    public mutating func shut() { openedEnd = .max }

    /// Whether the room was opened since it was shut, and members that have been sent everything before a
    /// cursor have what was missed meanwhile.
    public func isCaughtUp(passed: Int) -> Bool { passed >= openedEnd }

    /// Adds the messages that all members are to get next.
    public mutating func append(_ batch: FramedBatch) {
        let follows = position.map { batch.follows($0) } ?? true
        // A backend tells that before: this is for one that does not.
        if !follows, !mayJump, let before = batch.position(before: 0) { reset(to: before) }
        for (target, seq) in batch.removed {
            removed.add(target, at: seq)
            backlog.blank(target.mid, in: name)
        }
        backlog.append(batch)
        if mayBringBack {
            for mid in removed.found(in: batch) { backlog.blank(mid, in: name) }
        }
        guard let end = batch.position else { return }
        // What is read from the log may have been written in an earlier epoch.
        position = end.inEpoch(atLeast: position?.epoch ?? 0)
        mayJump = false
    }

    /// Goes on from a position: what was delivered after it is void.
    public mutating func reset(to position: Position) {
        change(.reset(position))
        self.position = position
        mayJump = false
        isLogRead = false
        mayBringBack = !removed.isEmpty
        lostRemovals += removed.takeLost(after: position.seq)
    }

    /// Returns, once, the messages whose removals were lost with data, as after a failover to a replica that
    /// had not heard of them: they are to be taken back once more.
    public mutating func takeLostRemovals() -> [MessagePlace] {
        defer { lostRemovals = [] }
        return lostRemovals
    }

    /// Notes that messages are lost, and which, if that is known.
    public mutating func miss(_ numbers: ClosedRange<UInt64>?) {
        if let numbers { change(.gap(numbers)) }
        mayJump = true
    }

    /// Puts a change of the room's history after the messages that came before it.
    private mutating func change(_ change: HistoryChange) {
        var json: [UInt8] = []
        Dialect.v1.append(Session.Event(change, in: name), to: &json)
        backlog.append(change, framed: FramedBatch(framing: json), after: position)
    }
}

// MARK: - What is kept

extension RoomHistory {
    /// Drops the oldest messages beyond the backlog's bounds, but none at or after the cursor `passed`.
    public mutating func trim(passed: Int) {
        // The log is read again only for messages that the room still keeps: not for those dropped for their age.
        if backlog.trim(passed: passed) { isLogRead = false }
    }

    /// Drops all before the cursor `passed`. Returns how many bytes it were.
    public mutating func shrink(passed: Int) -> Int {
        let before = backlog.byteCount
        backlog.hasPages = false
        backlog.drop(before: passed)
        if backlog.byteCount < before { isLogRead = false }
        return before - backlog.byteCount
    }

    /// Drops the oldest frames if a reset has voided all of them and no member has a cursor before that reset:
    /// what the log has comes before the reset's base.
    public mutating func dropVoidStart(lowestCursor: Int) {
        guard let start, let cursor = backlog.cursor(afterResetOf: start), lowestCursor >= cursor
        else { return }
        backlog.drop(before: cursor)
    }

    /// Keeps more than the backlog's bounds for pages of the log, or stops doing so. Pages are kept from when
    /// the first is asked for: it has to end before the oldest frame that is kept when it comes.
    public mutating func keepPages(_ isWanted: Bool = true) {
        backlog.hasPages = isWanted
    }

    /// Takes a page of the log that was asked for up to a number. It is put before the oldest frame of the
    /// backlog, if the room's history is still that of the backlog and nothing was dropped meanwhile. The log
    /// may have messages for a while that are too old, because it drops many at once: they are left out.
    public mutating func take(_ page: HistoryPage, upTo seq: UInt64) {
        guard let start, start.seq == seq else { return }
        guard let end = page.entries.last?.end, start.isSamePlace(as: end) else {
            isLogRead = true
            return
        }
        let batches = removed.blanking(page.entries, in: name).flatMap(\.batches)
        let kept = batches.drop(while: backlog.isTooOld)
        backlog.prepend(Array(kept))
        keepPages()
        isLogRead = !page.hasMore || kept.count < batches.count
    }
}

// MARK: - Positions

extension RoomHistory {
    /// The position before the oldest frame of the backlog.
    public var start: Position? { position(at: backlog.start) }

    /// Whether the log may have messages before the oldest frame of the backlog.
    var mayReadMore: Bool { kept > 0 && !isLogRead && (start?.seq ?? 0) > 0 }

    /// Whether a position is ahead of what was delivered here.
    func isBehind(_ stood: Position) -> Bool {
        guard let position else { return true }
        return stood.seq > position.seq || stood.epoch > position.epoch
    }

    /// Returns the position of a member with this cursor, in the epoch that the next reset replaces or the
    /// room's present one; nil if it is so late that it is no longer known.
    public func position(at cursor: Int) -> Position? {
        guard cursor >= backlog.start, let position else { return nil }
        guard cursor < backlog.end else { return position }
        let epoch = backlog.epoch(at: cursor) ?? position.epoch
        return backlog.position(at: cursor)?.inEpoch(atLeast: epoch) ?? position
    }
}
