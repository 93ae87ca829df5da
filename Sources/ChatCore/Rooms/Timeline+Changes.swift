/// What the room's clients are told before the entries of a page: that history has changed, or that
/// messages are missing.
extension Timeline {
    /// Tells how a page connects to the position, and returns the entries that are to be delivered: all but
    /// those that were delivered with the same numbers.
    mutating func rebase(
        _ page: CatchUpPage,
        _ top: Position,
        _ epoch: Epoch,
        _ effects: inout [Effect]
    ) -> [Publication] {
        guard let position else { return page.entries }
        let here = Position(epoch: epoch.number, seq: position.seq, mid: position.mid)
        switch page.continuity {
        case .proven:
            // Without entries the room ends here, under the position's number: perhaps in another message, or
            // in a birth.
            let isEnd = page.entries.isEmpty
            let isReplaced =
                isEnd ? top.mid != here.mid : mayLackMore && page.endsInBirth(after: position)
            if isReplaced { effects.append(.missed(nil)) }
            let base = isEnd ? top : here
            if isReplaced || base != position { effects.append(.reset(base)) }
            return page.entries
        case .trimmed:
            if here != position { effects.append(.reset(here)) }
            let first = page.entries.first?.firstSeq ?? top.seq + 1
            if first > position.seq + 1 { effects.append(.missed(position.seq + 1...first - 1)) }
            return page.entries
        case .rewound:
            return rewind(page, top, here, &effects)
        }
    }

    /// Tells that an entry does not follow the one before it in the log. The log, or the room's top, was
    /// replaced by an older one externally, and what stood there before is lost; or a node has put a birth
    /// there, and then others may have heard what this one lacks.
    mutating func tellBreak(before entry: Publication, isLoss: Bool, _ effects: inout [Effect]) {
        let base = Position(epoch: epoch?.number ?? 0, seq: entry.firstSeq - 1, mid: entry.prev)
        if isLoss { effects.append(.missed(nil)) }
        effects.append(.reset(base))
        void.formUnion(recent.mids(after: base.seq))
    }

    /// Tells that the position is not in this history, and where this history and what was delivered part.
    private mutating func rewind(
        _ page: CatchUpPage,
        _ top: Position,
        _ here: Position,
        _ effects: inout [Effect]
    ) -> [Publication] {
        // Nothing is missing if the first entry follows a message that was delivered and stands, or if it
        // begins the history and all delivered messages are remembered. What a reset has voided may come
        // back with an older copy of the data: clients that know positions do not have it any more.
        let first = page.entries.first
        let (seq, before) = (first?.firstSeq ?? top.seq + 1, first?.prev ?? top.mid)
        let isStart = seq == 1 && !recent.hasForgotten
        let isHad = recent.holds(before) && !void.contains(before)
        let isJoined = isStart || before == here.mid || isHad
        let entries = withoutShared(page.entries)
        let end = page.entries.last?.end ?? top
        let next = entries.first
        let base = Position(
            epoch: here.epoch,
            seq: next.map { $0.firstSeq - 1 } ?? end.seq,
            mid: next?.prev ?? end.mid
        )
        if !isJoined || mayLackMore {
            let isBeyond = base.seq > here.seq && !isJoined
            effects.append(.missed(isBeyond ? here.seq + 1...base.seq : nil))
        }
        effects.append(.reset(base))
        void = void.intersection(recent.mids).union(recent.mids(after: base.seq))
        return entries
    }

    /// Returns what follows the newest message that was delivered with the same number and stands: up to
    /// there both histories are the same.
    ///
    /// Cost: one comparison for each message.
    private func withoutShared(_ entries: [Publication]) -> [Publication] {
        for (index, entry) in entries.enumerated().reversed() {
            let shared = entry.items.indices.last { offset in
                let mid = entry.items[offset].mid
                return !void.contains(mid) && recent.holds(mid, at: entry.firstSeq + UInt64(offset))
            }
            guard let shared else { continue }
            let rest = entries[(index + 1)...]
            guard shared + 1 < entry.items.count else { return Array(rest) }
            return [entry.from(entry.firstSeq + UInt64(shared) + 1)] + rest
        }
        return entries
    }
}

extension CatchUpPage {
    /// Whether the room ends in a birth other than a position: in a number from a node that may have lacked
    /// what others had heard.
    fileprivate func endsInBirth(after position: Position) -> Bool {
        guard !hasMore, let top else { return false }
        return top.mid.isBirth && top.mid != position.mid
    }
}
