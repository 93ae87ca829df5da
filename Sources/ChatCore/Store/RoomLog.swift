/// A message in a room's order.
public struct LogEntry: Sendable, Hashable {
    /// Its number in the room.
    public let seq: UInt64
    /// The reign it was written in.
    public let epoch: UInt64
    /// What names it for good.
    public let mid: MessageID
    /// The sender's fence.
    public let fence: UInt64
    /// When it was written, in milliseconds since 1970.
    public let ms: Int64
    /// As in `Draft.body`.
    public let body: [UInt8]

    /// A message with its place.
    public init(
        seq: UInt64,
        epoch: UInt64,
        mid: MessageID,
        fence: UInt64,
        ms: Int64,
        body: [UInt8]
    ) {
        self.seq = seq
        self.epoch = epoch
        self.mid = mid
        self.fence = fence
        self.ms = ms
        self.body = body
    }
}

/// What is kept of a room.
struct RoomLog {
    /// The top's number and message; 0 and nil before the first.
    private(set) var seq: UInt64
    private(set) var mid: MessageID?
    private var byteCount = 0
    /// Kept entries from `head` on; the freed places before it go in bulk.
    private var entries: [LogEntry?] = []
    private var head = 0

    private var count: Int { entries.count - head }

    /// A room of which only its top's number is remembered.
    init(behind seq: UInt64) {
        self.seq = seq
    }

    mutating func append(_ entry: LogEntry) {
        entries.append(entry)
        byteCount += entry.body.count
        seq = entry.seq
        mid = entry.mid
    }

    mutating func trim(to retention: Store.Retention, now ms: Int64) {
        while head < entries.count, let oldest = entries[head],
            count > retention.messages || byteCount > retention.bytes
                || oldest.ms < ms - retention.milliseconds
        {
            byteCount -= oldest.body.count
            entries[head] = nil
            head += 1
        }
        if head > 32, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// The number of the oldest entry kept; one more than the top's where none is: numbers have no
    /// holes.
    var oldest: UInt64 { seq - UInt64(count) + 1 }

    /// Whether this very message stands at that place, and is kept.
    func holds(_ mid: MessageID?, at seq: UInt64) -> Bool {
        guard let mid, seq >= oldest, seq <= self.seq else { return false }
        return entries[head + Int(seq - oldest)]?.mid == mid
    }

    /// Up to `limit` kept entries from number `first` on.
    func entries(from first: UInt64, limit: Int) -> [LogEntry] {
        guard count > 0, first <= seq else { return [] }
        let skipped = Int(max(first, oldest) - oldest)
        return entries[(head + skipped)...].prefix(limit).compactMap { $0 }
    }
}
