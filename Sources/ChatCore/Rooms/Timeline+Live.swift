/// Handles what comes over the subscription of a room that is caught up.
extension Timeline {
    /// The relation of a publication to the position.
    enum Relation {
        /// It follows the position.
        case next
        /// It begins before or at the position, and ends after it.
        case reachesOver
        /// It has been delivered.
        case had
        /// It contradicts the position, or messages in between are missing.
        case elsewhere
    }

    func relation(of publication: Publication, to position: Position) -> Relation {
        guard publication.epoch == position.epoch, let last = publication.items.last else {
            return .elsewhere
        }
        if publication.firstSeq > position.seq {
            return publication.follows(position) ? .next : .elsewhere
        }
        guard publication.lastSeq >= position.seq else {
            return recent.holds(last.mid, at: publication.lastSeq) ? .had : .elsewhere
        }
        let own = publication.items[Int(position.seq - publication.firstSeq)].mid
        guard own == position.mid else { return .elsewhere }
        return publication.lastSeq == position.seq ? .had : .reachesOver
    }

    mutating func receive(
        _ publication: Publication,
        after asked: UInt64,
        _ effects: inout [Effect]
    ) {
        switch phase {
        case .deaf: break
        case .catchingUp: buffer.add(.publication(publication, after: asked))
        case .live: take(publication, after: asked, &effects)
        }
    }

    private mutating func take(
        _ publication: Publication,
        after asked: UInt64,
        _ effects: inout [Effect]
    ) {
        guard let position, publication.epoch >= position.epoch else { return }
        switch relation(of: publication, to: position) {
        case .next: deliver(publication, &effects)
        case .reachesOver: deliver(publication.from(position.seq + 1), &effects)
        case .had: break
        // A question asked since then has not shown it: a publication causes only one question.
        case .elsewhere where asked < ticket: effects.append(.ignored)
        case .elsewhere: lookUp(publication, after: asked, &effects)
        }
    }

    private mutating func lookUp(
        _ publication: Publication,
        after asked: UInt64,
        _ effects: inout [Effect]
    ) {
        // The log contains it as well, but here it is already in memory.
        phase = .catchingUp
        buffer.add(.publication(publication, after: asked))
        guard publication.epoch > epoch?.number ?? 0 else { return begin(&effects) }
        recheckRegistration(epoch: publication.epoch, &effects)
    }

    /// Waits for an epoch that is not before one that was seen: the log can be read once it is announced,
    /// which begins to catch up again.
    mutating func recheckRegistration(epoch seen: UInt64, _ effects: inout [Effect]) {
        ticket += 1
        effects.append(.recheckRegistration(epoch: seen))
    }

    mutating func deliver(_ publication: Publication, _ effects: inout [Effect]) {
        var seq = publication.firstSeq
        for item in publication.items {
            recent.add(.init(seq: seq, mid: item.mid))
            seq += 1
        }
        if let last = publication.items.last {
            let epoch = max(publication.epoch, position?.epoch ?? 0)
            position = Position(epoch: epoch, seq: seq - 1, mid: last.mid)
        }
        guard let had else { return effects.append(.deliver(publication)) }
        for (part, isHad) in publication.parts(had) {
            effects.append(isHad ? .redeliver(part) : .deliver(part))
            if isHad { void.subtract(part.items.lazy.map(\.mid)) }
        }
    }
}
