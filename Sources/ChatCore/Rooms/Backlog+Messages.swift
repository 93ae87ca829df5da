/// The messages that are kept and stand, from the newest on.
extension Backlog {
    /// Calls `visit` for each message that stands, newest first, until it returns false. A message that a
    /// reset has voided does not stand.
    ///
    /// Cost: a look at each batch.
    private func forEachMessage(_ visit: (_ entry: Entry, _ frame: Int, _ seq: UInt64) -> Bool) {
        var earlier = changes[...]
        var highest = UInt64.max
        for index in (head..<entries.count).reversed() {
            guard let entry = entries[index] else { continue }
            if let change = earlier.last, change.cursor == entry.first {
                earlier.removeLast()
                if case .reset(let base) = change.kind { highest = min(highest, base.seq) }
                continue
            }
            guard let firstSeq = entry.batch.firstSeq else { continue }
            for frame in (0..<entry.batch.count).reversed() {
                let seq = firstSeq + UInt64(frame)
                if seq <= highest, !visit(entry, frame, seq) { return }
            }
        }
    }

    /// Returns the cursor of the message from which on there are `count`; nil: fewer are kept.
    public func cursor(ofNewest count: UInt64) -> Int? {
        guard count > 0 else { return end }
        var rest = count
        var cursor: Int?
        forEachMessage { entry, frame, _ in
            rest -= 1
            if rest == 0 { cursor = entry.first + frame }
            return rest > 0
        }
        return cursor
    }

    /// Returns the texts of messages before a number, oldest first: at most `limit`, and at most `bytes` but
    /// at least one; and whether that is less than is kept here.
    public func texts(
        before seq: UInt64,
        limit: Int,
        bytes: Int
    ) -> (texts: [ArraySlice<UInt8>], isFull: Bool) {
        var texts: [ArraySlice<UInt8>] = []
        var size = 0
        var isFull = false
        forEachMessage { entry, frame, number in
            guard number < seq else { return true }
            let text = entry.batch.text(of: frame)
            isFull = texts.count == limit || size + text.count > bytes && !texts.isEmpty
            guard !isFull else { return false }
            size += text.count
            texts.append(text)
            return true
        }
        return (texts.reversed(), isFull)
    }

    /// The epoch in which the oldest message that is kept was written; nil: none is kept.
    public var oldestEpoch: UInt64? {
        entries[head...].lazy.compactMap { $0?.batch.position?.epoch }.first
    }
}
