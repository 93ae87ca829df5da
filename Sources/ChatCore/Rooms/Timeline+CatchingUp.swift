/// Finds the room's place in the log, and repairs the room's top.
extension Timeline {
    mutating func begin(_ effects: inout [Effect]) {
        phase = .catchingUp
        ask(&effects)
    }

    mutating func ask(
        replacing found: CatchUpCall.FoundTop? = nil,
        _ effects: inout [Effect]
    ) {
        // From now on an answer to an older question is ignored.
        ticket += 1
        replacing = nil
        askedAt = position
        guard let epoch else { return }
        let call = CatchUpCall(
            epoch: epoch,
            room: room,
            position: position,
            marks: recent.milestones,
            limit: Limits.catchUpEntries,
            replacing: found,
            mayLackMore: found != nil && mayLackMore
        )
        effects.append(.catchUp(call, ticket: ticket))
    }

    /// Whether a comparison shows anything that has not been delivered.
    ///
    /// False if a message has been delivered since the question: what comes next over the
    /// subscription shows any gap by itself. And the log may no longer contain what followed the
    /// position at that time, if the room is so busy.
    func shows(_ page: CatchUpPage) -> Bool {
        guard askedAt == position else { return false }
        // The log may have the position although the room's top is another one, of the same number.
        return page.continuity != .proven || !page.entries.isEmpty || page.top?.mid != position?.mid
    }

    mutating func read(
        _ page: CatchUpPage,
        _ epoch: Epoch,
        _ effects: inout [Effect]
    ) {
        if let newer = page.newestEpoch, newer > epoch.number {
            // An older epoch was put back: the next one has to be above all that the log shows.
            return recheckRegistration(epoch: newer, &effects)
        }
        if let found = topToReplace(page, epoch) {
            replacing = found
            return effects.append(.probe(ticket: ticket))
        }
        guard let top = page.top else { return }
        let entries = rebase(page, top, epoch, &effects)
        if page.continuity == .rewound {
            had = recent.mids
            comparisonsSinceRewind = 0
        }
        let mayLackMore = mayLackMore
        var before = page.continuity == .proven ? position : nil
        for entry in entries {
            if let before, !entry.follows(before) {
                tellBreak(before: entry, isLoss: mayLackMore || !entry.prev.isBirth, &effects)
            }
            deliver(entry, &effects)
            before = entry.end
        }
        // The last entry may have been delivered before, so the position is set in any case.
        let last = page.entries.last
        position = Position(
            epoch: epoch.number,
            seq: last?.lastSeq ?? top.seq,
            mid: last?.items.last?.mid ?? top.mid
        )
        guard !page.hasMore else { return ask(&effects) }
        guard !buffer.hasOverflowed else {
            buffer.drop()
            return ask(&effects)
        }
        goLive(&effects)
    }

    /// Returns the room's top if the position is to replace it: the room has no top, or only a
    /// birth, or one of this very epoch that was delivered here earlier. Then the newer top was
    /// removed externally, and the position of a node that has received everything tells where the
    /// room's numbers continue.
    /// A birth with the position's own number was put there by a node that may lack what was
    /// delivered here. It stands there even if the log has the position, which is proven then: a log that
    /// was lost and has come back tells nothing of its top.
    ///
    /// In a newer epoch an older top is valid: what came after it is lost, and other nodes may have
    /// continued from there.
    private func topToReplace(_ page: CatchUpPage, _ epoch: Epoch) -> CatchUpCall.FoundTop? {
        guard let position else { return nil }
        guard let top = page.top else { return CatchUpCall.FoundTop.none }
        let found = MessagePlace(seq: top.seq, mid: top.mid)
        guard found.givesWay(to: .init(seq: position.seq, mid: position.mid)) else { return nil }
        // In the place of a birth this node could only put another one.
        if top.seq == position.seq, mayLackMore { return nil }
        let isOwn = position.epoch == epoch.number && recent.holds(top.mid, at: top.seq)
        return top.mid.isBirth || isOwn ? .top(found) : nil
    }

    /// Whether other nodes may have received more than this one: it was cut off, or the buffer
    /// overflowed; and in a history that was changed externally no log has those messages any more.
    /// False in a newer epoch, in which they belong to the loss that began it.
    var mayLackMore: Bool {
        (!isUnbroken || buffer.hasOverflowed) && position?.epoch == epoch?.number
    }

    private mutating func goLive(_ effects: inout [Effect]) {
        phase = .live
        isUnbroken = true
        if let position { effects.append(.opened(position)) }
        for next in buffer.take() {
            switch next {
            case .publication(let publication, let asked):
                receive(publication, after: asked, &effects)
            case .external(let body): receive(external: body, into: &effects)
            }
        }
    }

    /// Delivers what is buffered as far as it follows the position.
    mutating func deliverChained(_ effects: inout [Effect]) {
        var waiting = buffer
        waiting.removeAll { next in
            guard case .publication(let publication, _) = next, let position,
                publication.epoch == position.epoch
            else { return false }
            switch relation(of: publication, to: position) {
            case .next: deliver(publication, &effects)
            case .reachesOver: deliver(publication.from(position.seq + 1), &effects)
            case .had: break
            case .elsewhere: return false
            }
            return true
        }
        buffer = waiting
    }
}
