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
}

/// What is kept of a room.
struct RoomLog {
    var seq: UInt64 = 0
    var mid: MessageID?
    var byteCount = 0
    /// Kept entries from `head` on; the freed places before it go in bulk.
    private var entries: [LogEntry?] = []
    private var head = 0

    var count: Int { entries.count - head }

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

    /// Up to `limit` kept entries from number `first` on: numbers have no holes.
    func entries(from first: UInt64, limit: Int) -> [LogEntry] {
        guard count > 0, first <= seq else { return [] }
        let oldest = seq - UInt64(count) + 1
        let skipped = Int(max(first, oldest) - oldest)
        return entries[(head + skipped)...].prefix(limit).compactMap { $0 }
    }
}

extension Store {
    /// Puts a batch into a room's order: the verdicts, and what is to be delivered, if anything.
    ///
    /// Each message's fence and session are compared with the name's record here, in the same step
    /// that writes it: a process that was paused can never put a line under a name that moved on.
    public mutating func publish(
        _ call: PublishCall,
        ms: Int64
    ) -> (answer: PublishAnswer, publication: Publication?) {
        var room = rooms[call.room] ?? RoomLog()
        let firstSeq = room.seq + 1
        var items: [Publication.Item] = []
        var verdicts: [PublishVerdict] = []
        items.reserveCapacity(call.drafts.count)
        verdicts.reserveCapacity(call.drafts.count)
        for sealed in call.drafts {
            let verdict = place(sealed, behind: room.seq, ms: ms)
            if case .accepted(let seq, _) = verdict, let record = names[sealed.proof.key] {
                let mid = MessageID(lineage: record.lineage, n: sealed.n)
                let body = sealed.draft.body
                room.append(
                    LogEntry(
                        seq: seq,
                        epoch: epoch,
                        mid: mid,
                        fence: record.fence,
                        ms: ms,
                        body: body
                    )
                )
                items.append(.init(mid: mid, body: body))
            }
            verdicts.append(verdict)
        }
        guard !items.isEmpty else { return (.verdicts(verdicts), nil) }
        room.trim(to: retention, now: ms)
        rooms[call.room] = room
        let publication = Publication(
            room: call.room,
            epoch: epoch,
            firstSeq: firstSeq,
            ms: ms,
            items: items
        )
        return (.verdicts(verdicts), publication)
    }

    /// Kept messages of a room from number `first` on, oldest first, at most `limit`.
    public func history(of room: RoomName, from first: UInt64, limit: Int) -> [LogEntry] {
        rooms[room]?.entries(from: first, limit: limit) ?? []
    }

    /// Where a room's order ends.
    public func top(of room: RoomName) -> Position {
        let log = rooms[room]
        return Position(epoch: epoch, seq: log?.seq ?? 0, mid: log?.mid)
    }

    private mutating func place(
        _ sealed: SealedDraft,
        behind seq: UInt64,
        ms: Int64
    ) -> PublishVerdict {
        let proof = sealed.proof
        guard let record = names[proof.key], record.isHeld(by: proof), record.fence == proof.fence
        else { return .fenced }
        if sealed.n <= record.n {
            return .duplicate(seq: sealed.n == record.n ? record.seq : nil)
        }
        guard sealed.n == record.n + 1 else { return .gap(expected: record.n + 1) }
        names[proof.key]?.n = sealed.n
        names[proof.key]?.seq = seq + 1
        return .accepted(seq: seq + 1, ms: ms)
    }
}
