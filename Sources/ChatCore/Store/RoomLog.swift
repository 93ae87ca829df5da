/// What is kept of a room: the end of its order, and its publications.
///
/// Both are kept apart, as in Redis, because one can be lost, or come back older, without the other.
struct RoomLog {
    /// The end of the room's order; nil: it is not known.
    var top: MessagePlace?
    /// The id of the newest entry that was ever added, kept or not: numbers and epochs of entries only
    /// grow.
    private(set) var given: (seq: UInt64, epoch: UInt64) = (0, 0)
    /// When the newest message was added, kept or not, in milliseconds since 1970; 0: none was.
    private(set) var newestMs: Int64 = 0
    /// When a message was taken back last, in milliseconds since 1970; 0: none was.
    var removedMs: Int64 = 0
    private var byteCount = 0
    /// The entries, kept from `head` on; the freed places before it are removed in bulk.
    private var entries: [Publication?] = []
    /// The bytes of each entry as it was written, and as it is: without the text of a message that was taken
    /// back since then.
    private var sizes: [(written: Int, present: Int)] = []
    private var head = 0

    /// Whether an entry that begins with this number can be appended.
    func takes(_ seq: UInt64, epoch: UInt64) -> Bool { (seq, epoch) > given }

    /// Appends a publication, and drops what is no longer to be kept.
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
        let size = publication.byteCount
        sizes.append((size, size))
        byteCount += size
        given = (publication.firstSeq, publication.epoch)
        newestMs = publication.ms
        guard let last = publication.items.last else { return }
        top = .init(seq: publication.lastSeq, mid: last.mid)
    }

    /// Drops the oldest entries until no more is left than is to be kept. An entry is dropped as a whole;
    /// the newest stays, unless nothing at all is to be kept.
    private mutating func trim(to retention: Store.Retention, now ms: Int64) {
        while head < entries.count, let oldest = entries[head],
            retention.messages == 0
                || head < entries.count - 1 && isTooMuch(oldest, retention, ms)
        {
            byteCount -= sizes[head].written
            entries[head] = nil
            head += 1
        }
        if head > 32, head * 2 > entries.count {
            entries.removeFirst(head)
            sizes.removeFirst(head)
            head = 0
        }
    }

    private func isTooMuch(
        _ oldest: Publication,
        _ retention: Store.Retention,
        _ ms: Int64
    ) -> Bool {
        let seq = top?.seq ?? 0
        // Of the oldest the present bytes count, as in `publish.lua`.
        let bytes = byteCount - sizes[head].written + sizes[head].present
        return seq >= oldest.firstSeq + UInt64(retention.messages) || bytes > retention.bytes
            || oldest.ms < ms - retention.milliseconds
    }

    /// The last message of the newest entry; nil: no entry is kept.
    var reach: MessagePlace? {
        guard head < entries.count, let newest = entries.last ?? nil,
            let mid = newest.items.last?.mid
        else { return nil }
        return .init(seq: newest.lastSeq, mid: mid)
    }

    /// The number of the oldest message that is kept; nil: none is kept.
    var oldest: UInt64? {
        head < entries.count ? entries[head]?.firstSeq : nil
    }

    /// Whether the message with this id has that number: its entry is kept, or the one that follows it.
    func holds(_ mid: MessageID, at seq: UInt64) -> Bool {
        if let entry = entry(with: seq), entry.items[Int(seq - entry.firstSeq)].mid == mid {
            return true
        }
        guard let next = entry(with: seq + 1) else { return false }
        return next.firstSeq == seq + 1 && next.prev == mid
    }

    /// Returns the number of the first message that is kept after a number; nil: none is kept.
    func next(after seq: UInt64) -> UInt64? {
        if entry(with: seq + 1) != nil { return seq + 1 }
        guard let index = index(of: seq + 1) else { return oldest }
        return index + 1 < entries.count ? entries[index + 1]?.firstSeq : nil
    }

    /// Returns the entries from number `first` on, up to the next hole or to the entry that completes
    /// `limit` messages; and whether the log has more.
    func entries(from first: UInt64, limit: Int) -> (found: [Publication], hasMore: Bool) {
        guard let start = index(of: first), entry(with: first) != nil else { return ([], false) }
        var found: [Publication] = []
        for case let entry? in entries[start...] {
            if let last = found.last {
                let isEnough = last.lastSeq + 1 >= first + UInt64(max(limit, 0))
                // Entries that give a number twice are not separated.
                if entry.firstSeq > last.lastSeq, isEnough || entry.firstSeq > last.lastSeq + 1 {
                    return (found, true)
                }
            }
            found.append(found.isEmpty ? entry.from(first) : entry)
        }
        return (found, false)
    }

    /// Returns the entries that begin at or before a number, newest first, up to the one that completes
    /// `limit` messages; and whether more are kept.
    func newest(upTo seq: UInt64, limit: Int) -> (found: [Publication], hasMore: Bool) {
        guard let newest = index(of: seq) else { return ([], false) }
        var found: [Publication] = []
        var count = 0
        for index in (head...newest).reversed() {
            guard count < limit else { return (found, true) }
            guard let entry = entries[index] else { continue }
            count += Int(min(entry.lastSeq, seq) - entry.firstSeq) + 1
            found.append(entry)
        }
        return (found, false)
    }

    /// All entries that are kept, oldest first.
    var all: [Publication] { entries[head...].compactMap(\.self) }

    /// Replaces the entry that has a message's number.
    mutating func replaceEntry(with seq: UInt64, _ change: (Publication) -> Publication) {
        guard let index = index(of: seq), let entry = entries[index] else { return }
        let changed = change(entry)
        entries[index] = changed
        sizes[index].present = changed.byteCount
    }

    func entry(with seq: UInt64) -> Publication? {
        guard let index = index(of: seq), let entry = entries[index], entry.lastSeq >= seq else {
            return nil
        }
        return entry
    }

    /// Returns the index of the newest entry that begins at or before a number; nil: all begin after it.
    ///
    /// Cost: a binary search.
    private func index(of seq: UInt64) -> Int? {
        guard let oldest, seq >= oldest else { return nil }
        return lastIndex(in: head..<entries.count) {
            entries[$0].map { $0.firstSeq <= seq } ?? false
        }
    }
}

extension MessagePlace {
    /// Whether a top agrees with a caller's position: the room ends neither before the position nor with
    /// another message of that number.
    func allows(_ position: Position) -> Bool {
        position.seq < seq || (position.seq == seq && position.mid == mid)
    }
}
