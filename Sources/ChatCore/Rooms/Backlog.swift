/// The newest messages of one room, kept in memory for the clients that have not received them yet.
///
/// Live delivery and a slow client that catches up both read it in the same way, from different
/// cursors. A cursor is the ordinal of a frame: a plain number, counted from the first frame that
/// this backlog ever held.
///
/// Changes of the room's history are frames as well, each in its place, so that live delivery, a slow
/// client and one that comes back are told them in the same way. Clients that do not know positions are
/// not sent them (`withheld`).
///
/// On: the loop that owns it; the batches in it are shared.
public struct Backlog {
    /// A batch and the ordinal of its first frame.
    struct Entry {
        let first: Int
        var batch: FramedBatch
        /// The cursor after the batch.
        var end: Int { first + batch.count }
    }

    /// A change of the room's history.
    struct Change {
        /// The ordinal of its frame.
        let cursor: Int
        let kind: HistoryChange
        /// Where the room stood before; nil: it is not known.
        let stood: Position?
    }

    /// The cursor after the newest frame: that of a client that has received everything.
    public private(set) var end = 0
    /// The cursor of the oldest frame kept. For a client with an earlier cursor, frames are no
    /// longer there.
    public private(set) var start = 0
    /// The changes of the room's history among the frames kept, oldest first. Nearly always there is none.
    var changes: [Change] = []
    /// The frames kept that only clients that know positions are sent, oldest first: changes, messages that
    /// are repeated, and entries that are no `chat`. Each range is of whole batches.
    private(set) var withheld: [Range<Int>] = []
    /// The number of bytes of all batches kept.
    public private(set) var byteCount = 0

    /// The batches kept, from `head` on; before it lie empty places, which are removed in bulk.
    private(set) var entries: [Entry?] = []
    private(set) var head = 0

    /// Whether pages of the room's log in front are in use: then more is kept.
    public var hasPages = false

    private let maxFrames: Int
    private let maxBytes: Int
    private let maxMilliseconds: Int64
    /// When the broker took the newest message, in milliseconds since 1970.
    private var newestMs: Int64 = 0

    /// Makes an empty backlog with bounds, beyond which it keeps only frames not yet passed to all
    /// clients. `maxAge` is how much older than the newest message one may be.
    public init(
        maxFrames: Int = Limits.backlogMessages,
        maxBytes: Int = Limits.backlogBytes,
        maxAge: Duration = Limits.historyAge
    ) {
        self.maxFrames = maxFrames
        self.maxBytes = maxBytes
        maxMilliseconds = maxAge.inNanoseconds / 1_000_000
    }

    /// Adds the batch that all clients are to receive next.
    public mutating func append(_ batch: FramedBatch) {
        guard batch.count > 0 else { return }
        if batch.isWithheld { withheld.append(end..<end + batch.count) }
        entries.append(Entry(first: end, batch: batch))
        end += batch.count
        byteCount += batch.bytes.count
        if batch.ms != 0 { date(batch.ms) }
    }

    /// Takes the time of the newest batch. Batches before it that have none, as those of changes, get it too:
    /// so they are dropped in their turn, and not before a client had time to receive them.
    private mutating func date(_ ms: Int64) {
        newestMs = ms
        var index = entries.count - 2
        while index >= head, entries[index]?.batch.ms == 0 {
            entries[index]?.batch.ms = ms
            index -= 1
        }
    }

    /// Adds a change of the room's history, framed as one text. `stood` is where the room stood before.
    public mutating func append(
        _ change: HistoryChange,
        framed frame: FramedBatch,
        after stood: Position?
    ) {
        changes.append(Change(cursor: end, kind: change, stood: stood))
        withheld.append(end..<end + 1)
        append(frame)
    }

    /// Puts a page of the room's log before the frames kept, which follow it. No client may have a cursor
    /// before `start`: the page gets these cursors.
    public mutating func prepend(_ page: [FramedBatch]) {
        var first = start
        let added = page.reversed().map { batch in
            first -= batch.count
            byteCount += batch.bytes.count
            if batch.isWithheld { withhold(first..<first + batch.count) }
            return Entry(first: first, batch: batch)
        }
        entries.replaceSubrange(..<head, with: added.reversed())
        head = 0
        start = first
    }

    /// Replaces a batch with others that have the same frames.
    mutating func replace(at index: Int, with batches: [FramedBatch]) {
        guard let entry = entries[index] else { return }
        var first = entry.first
        let pieces = batches.map { batch in
            defer { first += batch.count }
            return Entry(first: first, batch: batch)
        }
        entries.replaceSubrange(index...index, with: pieces)
        byteCount += batches.reduce(0) { $0 + $1.bytes.count } - entry.batch.bytes.count
    }

    /// Notes that only clients that know positions are sent these frames, which are whole batches.
    mutating func withhold(_ frames: Range<Int>) {
        guard !withheld.contains(where: { $0.contains(frames.lowerBound) }) else { return }
        let index = withheld.firstIndex { $0.lowerBound > frames.lowerBound }
        withheld.insert(frames, at: index ?? withheld.count)
    }

    /// Drops the oldest batches until the bounds hold, but no frame at or after `passed`: frames
    /// that the broadcast has not yet passed to every unblocked member stay, whatever their size. Returns
    /// whether some were dropped that are not too old, which the room's log may still have.
    @discardableResult
    public mutating func trim(passed: Int) -> Bool {
        // The messages of a log are bounded by its bytes alone, or by a number that is not known here.
        let frames = hasPages ? Int.max : maxFrames
        let bytes = hasPages ? maxBytes * Limits.pagedBacklogs : maxBytes
        var hasDroppedYoung = false
        while let oldest, oldest.end <= passed {
            if !isTooOld(oldest.batch) {
                guard end - start > frames || byteCount > bytes else { break }
                hasDroppedYoung = true
            }
            dropOldest(oldest)
        }
        endTrim()
        return hasDroppedYoung
    }

    /// Whether a batch is older than it may be beside the newest one. A batch that has no time yet is not.
    func isTooOld(_ batch: FramedBatch) -> Bool {
        batch.ms != 0 && batch.ms < newestMs - maxMilliseconds
    }

    /// Drops the batches before a cursor, at which one begins.
    public mutating func drop(before cursor: Int) {
        while let oldest, oldest.end <= cursor { dropOldest(oldest) }
        endTrim()
    }

    private var oldest: Entry? { head < entries.count ? entries[head] : nil }

    private mutating func dropOldest(_ oldest: Entry) {
        entries[head] = nil
        head += 1
        start = oldest.end
        byteCount -= oldest.batch.bytes.count
    }

    private mutating func endTrim() {
        if !withheld.isEmpty {
            withheld.removeAll { $0.upperBound <= start }
            changes.removeAll { $0.cursor < start }
        }
        // Moving the rest costs as much as has been freed since the last time.
        if head > 32, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// Returns the batch that contains the frame at `cursor`, and the frame's index in it; nil at
    /// the end.
    ///
    /// Cost: constant for the newest batch, where nearly all cursors are; otherwise a binary
    /// search.
    public func batch(at cursor: Int) -> (batch: FramedBatch, frame: Int)? {
        guard let index = index(of: cursor), let entry = entries[index] else { return nil }
        return (entry.batch, cursor - entry.first)
    }

    /// Replaces `bytes` with whole frames from `cursor` on, batch after batch, until `limit` is
    /// reached. Returns the cursor after them.
    ///
    /// Cost: a copy, made only if a client lacks more than one batch. `sendmsg` with a vector of
    /// the batches would save the copy, but costs more: 5.9 µs for 8 batches of 270 bytes and 8.6
    /// for 64, against 5.7 and 6.5 with the copy; and one copy serves all clients that lack the
    /// same frames (loopback, medians of 41 rounds).
    public func gather(
        from cursor: Int,
        withheld isSent: Bool = true,
        limit: Int,
        into bytes: inout [UInt8]
    ) -> Int {
        bytes.removeAll(keepingCapacity: true)
        var cursor = first(from: cursor, withheld: isSent)
        while bytes.count < limit, let (batch, frame) = batch(at: cursor) {
            bytes.append(contentsOf: batch.bytes[batch.start(of: frame)...])
            cursor = first(from: cursor + batch.count - frame, withheld: isSent)
        }
        return cursor
    }

    /// Whether frames are withheld from clients that do not know positions, at a cursor or after it.
    public func withholds(from cursor: Int) -> Bool {
        withheld.last.map { $0.upperBound > cursor } ?? false
    }

    /// Returns the number of frames between two cursors that a client is sent.
    public func count(_ cursors: Range<Int>, withheld isSent: Bool) -> Int {
        guard !isSent else { return cursors.count }
        return withheld.reduce(cursors.count) { $0 - $1.clamped(to: cursors).count }
    }

    /// Returns the cursor of the first frame from a cursor on that a client is sent.
    private func first(from cursor: Int, withheld isSent: Bool) -> Int {
        guard !isSent, withholds(from: cursor) else { return cursor }
        var cursor = cursor
        for range in withheld where range.contains(cursor) { cursor = range.upperBound }
        return cursor
    }

    /// Returns the unsent rest of the frame in which a short write ended, and the cursor after that
    /// frame.
    ///
    /// The write began at `cursor` and took `count` bytes, fewer than there were. If it ended
    /// between two frames, or took nothing, the rest is the whole next frame.
    public func cut(
        from cursor: Int,
        withheld isSent: Bool = true,
        after count: Int
    ) -> (rest: ArraySlice<UInt8>, cursor: Int) {
        var cursor = first(from: cursor, withheld: isSent)
        var count = count
        while let (batch, frame) = batch(at: cursor) {
            let begin = batch.start(of: frame)
            if begin + count < batch.bytes.count {
                let cut = batch.frame(containing: begin + count)
                return (
                    batch.bytes[(begin + count)..<batch.start(of: cut + 1)],
                    cursor + cut + 1 - frame
                )
            }
            count -= batch.bytes.count - begin
            cursor = first(from: cursor + batch.count - frame, withheld: isSent)
        }
        preconditionFailure("a write that took everything was not short")
    }

    private func index(of cursor: Int) -> Int? {
        precondition(cursor >= start, "a cursor that has fallen off is its owner's to notice")
        guard cursor < end else { return nil }
        let last = entries.count - 1
        if let newest = entries[last], cursor >= newest.first { return last }
        return lastIndex(in: head..<last) { entries[$0].map { $0.first <= cursor } ?? false }
    }
}
