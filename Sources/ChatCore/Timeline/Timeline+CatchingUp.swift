/// How a room finds its place in the log, and puts the room's end right.
extension Timeline {
    mutating func begin(_ effects: inout [Effect]) {
        phase = .catchingUp
        ask(&effects)
    }

    mutating func ask(
        replacing found: CatchUpCall.FoundTop? = nil,
        _ effects: inout [Effect]
    ) {
        // An answer to an older question is nobody's any more.
        ticket += 1
        replacing = nil
        askedAt = position
        guard let reign else { return }
        let call = CatchUpCall(
            reign: reign,
            room: room,
            position: position,
            marks: remembered.milestones,
            limit: Limits.catchUpEntries,
            replacing: found
        )
        effects.append(.catchUp(call, ticket: ticket))
    }

    /// Whether a comparison shows anything that has not been delivered meanwhile.
    ///
    /// Nothing where something has: what comes shows each hole itself. And what is behind the position
    /// of then may be no longer in the log, where as much is said as a busy room may say.
    func shows(_ page: CatchUpPage) -> Bool {
        guard askedAt == position else { return false }
        return page.footing != .proven || !page.entries.isEmpty
    }

    mutating func read(
        _ page: CatchUpPage,
        _ reign: Reign,
        _ effects: inout [Effect]
    ) {
        if let found = topToReplace(page, reign) {
            replacing = found
            return effects.append(.probe(ticket: ticket))
        }
        guard let top = page.top else { return }
        noteLost(page, top, &effects)
        if page.footing == .rewound {
            had = remembered.mids
            comparisonsSinceRewind = 0
        }
        for entry in page.entries { deliver(entry, &effects) }
        // The last entry need not have been new.
        let last = page.entries.last
        position = Position(
            epoch: reign.epoch,
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

    /// The room's top, if the position is to count in its place: the room has none, or only a birth,
    /// or one of this very reign that was delivered here long ago. Then somebody has taken the newer
    /// one away, and the position of whoever has heard everything tells where the room's numbers go on.
    ///
    /// In a newer reign an older top counts: what came after it is lost, and others may have gone on
    /// from there.
    private func topToReplace(_ page: CatchUpPage, _ reign: Reign) -> CatchUpCall.FoundTop? {
        guard let position, page.footing == .rewound else { return nil }
        guard let top = page.top else { return CatchUpCall.FoundTop.none }
        guard top.seq < position.seq else { return nil }
        let isOwn = position.epoch == reign.epoch && remembered.holds(top.mid, at: top.seq)
        return top.seq == 0 || isOwn ? .top(.init(seq: top.seq, mid: top.mid)) : nil
    }

    /// Tells what the room's clients will never get.
    private func noteLost(_ page: CatchUpPage, _ top: Position, _ effects: inout [Effect]) {
        guard let position else { return }
        switch page.footing {
        case .proven: break
        case .trimmed:
            let first = page.entries.first?.firstSeq ?? top.seq + 1
            if first > position.seq + 1 { effects.append(.missed(position.seq + 1...first - 1)) }
        case .rewound:
            // What comes first follows something that was delivered, or nothing at all; unless so much
            // was delivered that nobody can tell what of it has been before.
            let first = page.entries.first
            let (seq, before) = (first?.firstSeq ?? top.seq + 1, first?.prev ?? top.mid)
            let isStart = seq == 1 && !remembered.hasForgotten
            let isJoined = isStart || before == position.mid || remembered.holds(before)
            if !isJoined || mayLackMore { effects.append(.missed(nil)) }
        }
    }

    /// Others may have heard more while this node was cut off, or what came was too much to be held, and
    /// in a history that was changed by hand no log has it any more. In a newer reign that is the loss
    /// which began it.
    var mayLackMore: Bool {
        (!isUnbroken || buffer.hasOverflowed) && position?.epoch == reign?.epoch
    }

    private mutating func goLive(_ effects: inout [Effect]) {
        phase = .live
        isUnbroken = true
        if let position { effects.append(.opened(position)) }
        for next in buffer.take() {
            switch next {
            case .publication(let publication, let asked):
                receive(publication, after: asked, &effects)
            case .byHand(let body): receive(byHand: body, into: &effects)
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
