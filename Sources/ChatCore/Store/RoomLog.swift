/// What is kept of a room: where its order ends, and what was published, call by call.
///
/// Both are kept apart, as in Redis, because either may be lost or come back older without the other.
struct RoomLog {
    /// Nil: nothing is known of it.
    var top: CatchUpCall.Mark?
    /// The id of the newest entry that was ever added, also when it is kept no more: numbers and epochs
    /// of entries only grow.
    private(set) var given: (seq: UInt64, epoch: UInt64) = (0, 0)
    private var byteCount = 0
    /// Kept entries from `head` on; the freed places before it go in bulk.
    private var entries: [Publication?] = []
    private var head = 0

    /// Whether an entry that begins with this number can be added.
    func takes(_ seq: UInt64, epoch: UInt64) -> Bool { (seq, epoch) > given }

    /// Adds what follows the top, and drops what is not to be kept any more.
    mutating func append(
        _ publication: Publication,
        keeping retention: Store.Retention,
        now ms: Int64
    ) {
        append(publication)
        trim(to: retention, now: ms)
    }

    private mutating func append(_ publication: Publication) {
        entries.append(publication)
        byteCount += publication.byteCount
        given = (publication.firstSeq, publication.epoch)
        guard let last = publication.items.last else { return }
        top = .init(seq: publication.lastSeq, mid: last.mid)
    }

    /// Drops the oldest entries until no more is left than is to be kept. An entry goes whole; the
    /// newest stays, unless nothing at all is to be kept.
    private mutating func trim(to retention: Store.Retention, now ms: Int64) {
        while head < entries.count, let oldest = entries[head],
            retention.messages == 0
                || head < entries.count - 1 && isTooMuch(oldest, retention, ms)
        {
            byteCount -= oldest.byteCount
            entries[head] = nil
            head += 1
        }
        if head > 32, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }

    private func isTooMuch(
        _ oldest: Publication,
        _ retention: Store.Retention,
        _ ms: Int64
    ) -> Bool {
        let seq = top?.seq ?? 0
        return seq >= oldest.firstSeq + UInt64(retention.messages) || byteCount > retention.bytes
            || oldest.ms < ms - retention.milliseconds
    }

    /// Where the newest entry ends; nil: none is kept.
    var reach: CatchUpCall.Mark? {
        guard head < entries.count, let newest = entries.last ?? nil,
            let mid = newest.items.last?.mid
        else { return nil }
        return .init(seq: newest.lastSeq, mid: mid)
    }

    /// The number of the oldest message kept; nil where none is.
    var oldest: UInt64? {
        head < entries.count ? entries[head]?.firstSeq : nil
    }

    /// Whether this very message stands at that place: its entry is kept, or the one that follows it.
    func holds(_ mid: MessageID, at seq: UInt64) -> Bool {
        if let entry = entry(with: seq), entry.items[Int(seq - entry.firstSeq)].mid == mid {
            return true
        }
        guard let next = entry(with: seq + 1) else { return false }
        return next.firstSeq == seq + 1 && next.prev == mid
    }

    /// The number of the first message after a place that is kept; nil: none is.
    func next(after seq: UInt64) -> UInt64? {
        if entry(with: seq + 1) != nil { return seq + 1 }
        guard let index = index(of: seq + 1) else { return oldest }
        return index + 1 < entries.count ? entries[index + 1]?.firstSeq : nil
    }

    /// What is kept from number `first` on, up to the entry in which `limit` messages are full or
    /// the next hole; and whether there is more.
    func entries(from first: UInt64, limit: Int) -> (found: [Publication], hasMore: Bool) {
        guard let start = index(of: first), entry(with: first) != nil else { return ([], false) }
        var found: [Publication] = []
        for case let entry? in entries[start...] {
            if let last = found.last {
                let isEnough = last.lastSeq + 1 >= first + UInt64(max(limit, 0))
                // What a number is given twice in is not taken apart.
                if entry.firstSeq > last.lastSeq, isEnough || entry.firstSeq > last.lastSeq + 1 {
                    return (found, true)
                }
            }
            found.append(found.isEmpty ? entry.from(first) : entry)
        }
        return (found, false)
    }

    /// All that is kept, oldest first.
    var all: [Publication] { entries[head...].compactMap(\.self) }

    private func entry(with seq: UInt64) -> Publication? {
        guard let index = index(of: seq), let entry = entries[index], entry.lastSeq >= seq else {
            return nil
        }
        return entry
    }

    /// The newest entry that begins with a number or before it; nil: all begin after it.
    ///
    /// Cost: a binary search.
    private func index(of seq: UInt64) -> Int? {
        guard let oldest, seq >= oldest else { return nil }
        var low = head
        var high = entries.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if let entry = entries[middle], entry.firstSeq <= seq {
                low = middle
            } else {
                high = middle - 1
            }
        }
        return low
    }
}

extension CatchUpCall.Mark {
    /// Whether a room that ends here may end here for somebody who has got to a position: it does not
    /// end before that, nor with another message.
    func allows(_ position: Position) -> Bool {
        position.seq < seq || (position.seq == seq && position.mid == mid)
    }
}
