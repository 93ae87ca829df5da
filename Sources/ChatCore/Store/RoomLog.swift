/// What is kept of a room: what was published, call by call.
struct RoomLog {
    /// The top's number and message; 0 and nil before the first.
    private(set) var seq: UInt64
    private(set) var mid: MessageID?
    private var byteCount = 0
    /// Kept entries from `head` on; the freed places before it go in bulk.
    private var entries: [Publication?] = []
    private var head = 0

    /// A room of which only its top's number is remembered.
    init(behind seq: UInt64) {
        self.seq = seq
    }

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
        seq = publication.lastSeq
        mid = publication.items.last?.mid
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
        seq - oldest.firstSeq >= UInt64(retention.messages) || byteCount > retention.bytes
            || oldest.ms < ms - retention.milliseconds
    }

    /// The number of the oldest message kept; one more than the top's where none is.
    var oldest: UInt64 {
        head < entries.count ? entries[head]?.firstSeq ?? seq + 1 : seq + 1
    }

    /// Whether this very message stands at that place, and is kept.
    func holds(_ mid: MessageID?, at seq: UInt64) -> Bool {
        guard let mid, let index = index(of: seq), let entry = entries[index] else { return false }
        return entry.items[Int(seq - entry.firstSeq)].mid == mid
    }

    /// What is kept from number `first` on, up to the entry in which `limit` messages are full.
    func entries(from first: UInt64, limit: Int) -> [Publication] {
        guard first <= seq, head < entries.count else { return [] }
        let begin = max(first, oldest)
        guard let start = index(of: begin) else { return [] }
        var found: [Publication] = []
        for case let entry? in entries[start...] {
            if let last = found.last, last.lastSeq - begin + 1 >= UInt64(max(limit, 0)) { break }
            found.append(entry.from(begin))
        }
        return found
    }

    /// The entry that a number stands in.
    ///
    /// Cost: a binary search.
    private func index(of seq: UInt64) -> Int? {
        guard seq >= oldest, seq <= self.seq else { return nil }
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
