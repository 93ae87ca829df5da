/// The newest messages of one room, kept in memory for the clients that have not received them yet.
///
/// Live delivery and a slow client that catches up both read it in the same way, from different
/// cursors. A cursor is the ordinal of a frame: a plain number, counted from the first frame that
/// this backlog ever held.
///
/// On: the loop that owns it; the batches in it are shared.
public struct Backlog {
    /// A batch and the ordinal of its first frame.
    struct Entry {
        let first: Int
        let batch: FramedBatch
    }

    /// The cursor after the newest frame: that of a client that has received everything.
    public private(set) var end = 0
    /// The cursor of the oldest frame kept. For a client with an earlier cursor, frames are no
    /// longer there.
    public private(set) var start = 0
    /// The frames from this cursor on follow one another without a break.
    private var unbrokenFrom = 0
    /// The number of bytes of all batches kept.
    public private(set) var byteCount = 0

    /// The batches kept, from `head` on; before it lie empty places, which are removed in bulk.
    private var entries: [Entry?] = []
    private var head = 0

    private let maxFrames: Int
    private let maxBytes: Int

    /// Makes an empty backlog with bounds, beyond which it keeps only frames not yet passed to all
    /// clients.
    public init(maxFrames: Int = Limits.backlogMessages, maxBytes: Int = Limits.backlogBytes) {
        self.maxFrames = maxFrames
        self.maxBytes = maxBytes
    }

    /// Adds the batch that all clients are to receive next.
    public mutating func append(_ batch: FramedBatch) {
        guard batch.count > 0 else { return }
        entries.append(Entry(first: end, batch: batch))
        end += batch.count
        byteCount += batch.bytes.count
    }

    /// Drops the oldest batches until the bounds hold, but no frame at or after `passed`: frames
    /// that the broadcast has not yet passed to every unblocked member stay, whatever their size.
    public mutating func trim(passed: Int) {
        while head < entries.count, let oldest = entries[head],
            oldest.first + oldest.batch.count <= passed,
            end - start > maxFrames || byteCount > maxBytes
        {
            entries[head] = nil
            head += 1
            start = oldest.first + oldest.batch.count
            byteCount -= oldest.batch.bytes.count
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
    public func gather(from cursor: Int, limit: Int, into bytes: inout [UInt8]) -> Int {
        bytes.removeAll(keepingCapacity: true)
        var cursor = cursor
        while bytes.count < limit, let (batch, frame) = batch(at: cursor) {
            bytes.append(contentsOf: batch.bytes[batch.start(of: frame)...])
            cursor += batch.count - frame
        }
        return cursor
    }

    /// Returns the unsent rest of the frame in which a short write ended, and the cursor after that
    /// frame.
    ///
    /// The write began at `cursor` and took `count` bytes, fewer than there were. If it ended
    /// between two frames, or took nothing, the rest is the whole next frame.
    public func cut(from cursor: Int, after count: Int) -> (rest: ArraySlice<UInt8>, cursor: Int) {
        var cursor = cursor
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
            cursor += batch.count - frame
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

// MARK: - Positions

extension Backlog {
    /// Notes that what comes next does not follow what is kept: no position before it is found any more.
    public mutating func breakHistory() { unbrokenFrom = end }

    /// Returns the cursor of what follows a position; nil if the position is not among what is kept, or
    /// if what follows does not all do so in the room's order.
    ///
    /// The message at the position must have been written in the position's epoch or earlier: one that a
    /// later epoch has put there may follow others than the client has.
    ///
    /// Cost: a look at each batch from the newest on.
    public func cursor(after position: Position) -> Int? {
        var index = entries.count - 1
        while index >= head, let entry = entries[index], entry.first >= unbrokenFrom {
            index -= 1
            guard let last = entry.batch.position, let first = entry.batch.firstSeq,
                last.epoch <= position.epoch, position.seq + 1 >= first, position.seq <= last.seq
            else { continue }
            let frame = Int(position.seq + 1 - first)
            if entry.batch.position(before: frame)?.mid == position.mid {
                return entry.first + frame
            }
        }
        return nil
    }

    /// Returns the position of a client with this cursor; nil if nothing numbered follows it.
    public func position(at cursor: Int) -> Position? {
        var cursor = cursor
        while let (batch, frame) = batch(at: cursor) {
            if let position = batch.position(before: frame) { return position }
            cursor += batch.count - frame
        }
        return nil
    }
}
