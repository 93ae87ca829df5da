/// Where in the backlog a client stands that names its position.
extension Backlog {
    /// A position that is among what is kept.
    public struct Found: Sendable, Hashable {
        /// The cursor of what follows it.
        public let cursor: Int
        /// Whether nothing of what followed it is lost.
        public let isWhole: Bool
    }

    /// Finds a position; nil if it is not among what is kept, or if a reset has voided it.
    ///
    /// The message at the position must have been written in the position's epoch or earlier: one that a
    /// later epoch has put there may follow others than the client has.
    ///
    /// Cost: a look at each batch from the newest on.
    public func find(_ position: Position) -> Found? {
        var earlier = changes[...]
        // What has a higher number is void: a reset that comes later says so.
        var highest = UInt64.max
        var isWhole = true
        var index = entries.count - 1
        while index >= head, let entry = entries[index] {
            index -= 1
            guard let change = earlier.last, change.cursor == entry.first else {
                guard position.seq <= highest, let cursor = entry.cursor(after: position) else {
                    continue
                }
                return Found(cursor: cursor, isWhole: isWhole)
            }
            earlier.removeLast()
            switch change.kind {
            case .gap: isWhole = false
            case .reset(let base):
                if position.seq <= highest, base.isNamed(by: position) {
                    return Found(cursor: entry.first + 1, isWhole: isWhole)
                }
                highest = min(highest, base.seq)
            }
            guard position.seq <= highest, let stood = change.stood, stood.isNamed(by: position)
            else { continue }
            // A gap moves no position: after it the room still stands where it stood before.
            if let before = earlier.last, before.cursor == entry.first - 1, before.stood == stood {
                continue
            }
            return Found(cursor: entry.first, isWhole: isWhole)
        }
        return nil
    }

    /// Returns the cursor after the last reset that has voided a position; nil: none has.
    public func cursor(afterResetOf position: Position) -> Int? {
        let change = changes.last { change in
            guard case .reset(let base) = change.kind else { return false }
            return base.seq < position.seq || base.seq == position.seq && base.mid != position.mid
        }
        return change.map { $0.cursor + 1 }
    }

    /// Returns the epoch of a client with this cursor, if it is still to be told of a later one.
    public func epoch(at cursor: Int) -> UInt64? {
        let next = changes.first { change in
            guard case .reset = change.kind else { return false }
            return change.cursor >= cursor
        }
        return next?.stood?.epoch
    }

    /// Whether none of the messages between those that are kept is lost.
    public var isWhole: Bool {
        changes.allSatisfy { change in
            if case .gap = change.kind { false } else { true }
        }
    }

    /// Returns the position of a client with this cursor; nil if nothing that tells it follows.
    public func position(at cursor: Int) -> Position? {
        var cursor = cursor
        while let (batch, frame) = batch(at: cursor) {
            if let position = batch.position(before: frame) { return position }
            if let change = changes.first(where: { $0.cursor == cursor }),
                let stood = change.stood
            {
                return stood
            }
            cursor += batch.count - frame
        }
        return nil
    }
}

extension Backlog.Entry {
    /// Returns the cursor of what follows a position; nil if the position is not in the batch.
    fileprivate func cursor(after position: Position) -> Int? {
        guard let last = batch.position, let firstSeq = batch.firstSeq,
            last.epoch <= position.epoch, position.seq + 1 >= firstSeq, position.seq <= last.seq
        else { return nil }
        let frame = Int(position.seq + 1 - firstSeq)
        return batch.position(before: frame)?.mid == position.mid ? first + frame : nil
    }
}
