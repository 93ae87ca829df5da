/// One room's order as this node delivers it: what came over the subscription, what it lacks, and
/// what it reads from the log instead.
///
/// Pub/sub is at most once, and a cut of it is a gap, always: so nothing is delivered that does not
/// prove to be next. The proof is the chain of ids (`Publication.prev`), not the number, which may be
/// given twice when data is lost or changed by hand. What is missing is caught up with before anything
/// newer. On: the loop of the subscription.
public struct Timeline: Sendable {
    /// What is to be done, in order.
    public enum Effect: Sendable, Hashable {
        /// Give these to everybody in the room.
        case deliver(Publication)
        /// Give this to everybody in the room: it has no number and is not kept.
        case deliverByHand([UInt8])
        /// Ask the log. Answered by `caughtUp` with the same ticket, or not at all where the
        /// connection is lost: the next `stands` begins anew.
        case catchUp(CatchUpCall, ticket: UInt64)
        /// Publish a probe to the node itself. Answered by `probed` with the same ticket when it has
        /// come back over the subscription, or not at all: `unsubscribed` follows then.
        case probe(ticket: UInt64)
        /// The room may be published in; it has been delivered up to this place.
        case opened(Position)
        /// Messages are lost to this node's clients, and are known to be. Nil: nobody can tell which.
        case missed(ClosedRange<UInt64>?)
        /// A publication is dropped that the log knows nothing of.
        case ignored
        /// A newer reign than the one told has shown itself.
        case doubtStanding(epoch: UInt64)
    }

    enum Phase: Hashable {
        /// Nothing comes over the subscription.
        case deaf
        /// What comes over it waits until the log has been read.
        case catchingUp
        /// What comes over it is delivered.
        case live
    }

    enum Held {
        /// With the ticket of the newest question that was asked before it came.
        case publication(Publication, after: UInt64)
        case byHand([UInt8])
    }

    /// Which room.
    public let room: RoomName
    private(set) var phase = Phase.deaf
    private var reign: Reign?
    private(set) var position: Position?
    private var remembered = Remembered()

    private var held: [Held] = []
    private var heldBytes = 0
    /// More came than is held: it is read from the log.
    private var hasOverflowed = false
    /// What had been delivered when the position proved void. Some of it stands in the history that
    /// counts now, or is sent once more by who got no answer: nobody gets a message twice.
    private var had: Set<MessageID>?
    private var comparisonsSinceRewind = 0
    private var ticket: UInt64 = 0
    /// Where it stood when that was asked.
    private var askedAt: Position?
    /// The top that the position is to replace, once a probe has come back.
    private var replacing: CatchUpCall.FoundTop?
    /// Since the room was last caught up with, nothing was published that did not come here.
    private var isUnbroken = false

    /// A room that nothing is known of.
    public init(room: RoomName) {
        self.room = room
    }

    /// What has been delivered lately: the highest number by lineage.
    public var seen: [Lineage: UInt64] { remembered.highest }
    /// A question with this ticket waits for its answer, and so does the room.
    public func awaits(_ ticket: UInt64) -> Bool { phase == .catchingUp && ticket == self.ticket }
    /// Everything that is published reaches this node's clients.
    public var isLive: Bool { phase == .live }
}

// MARK: - What happens

extension Timeline {
    /// The broker has confirmed that everything published from now on comes.
    public mutating func subscribed(into effects: inout [Effect]) {
        begin(&effects)
    }

    /// Nothing comes any more.
    public mutating func unsubscribed() {
        phase = .deaf
        isUnbroken = false
        dropHeld()
        ticket += 1
    }

    /// The node's standing, new or told again.
    public mutating func stands(in new: Reign, into effects: inout [Effect]) {
        let hasMoved = new != reign
        reign = new
        if phase != .deaf, hasMoved || phase == .catchingUp { begin(&effects) }
    }

    /// A loop was told that the room ends elsewhere than here: it has to be caught up with.
    public mutating func doubted(into effects: inout [Effect]) {
        if phase == .live { begin(&effects) }
    }

    /// Messages came over the subscription.
    public mutating func receive(_ publication: Publication, into effects: inout [Effect]) {
        receive(publication, after: ticket, &effects)
    }

    /// Something came over the subscription that was published by hand.
    public mutating func receive(byHand body: [UInt8], into effects: inout [Effect]) {
        switch phase {
        case .deaf: break
        case .catchingUp: hold(.byHand(body), body.count)
        case .live: effects.append(.deliverByHand(body))
        }
    }

    /// Some time has passed: is the room's end what has been delivered? Only a hint comes of it.
    public mutating func compare(into effects: inout [Effect]) {
        guard phase == .live else { return }
        // Nothing is sent again that is older than `Limits.resendAge`, which is far less.
        comparisonsSinceRewind += 1
        if comparisonsSinceRewind > 1 { had = nil }
        ask(&effects)
    }

    /// The answer to `catchUp`.
    public mutating func caughtUp(
        _ answer: CatchUpAnswer,
        ticket: UInt64,
        into effects: inout [Effect]
    ) {
        guard ticket == self.ticket, let reign else { return }
        switch (answer, phase) {
        case (_, .deaf): break
        case (.otherReign, _): effects.append(.doubtStanding(epoch: reign.epoch))
        case (.page(let page), .live): if shows(page) { begin(&effects) }
        case (.page(let page), .catchingUp): read(page, reign, &effects)
        }
    }

    /// A probe has come back: everything published before it has been heard.
    public mutating func probed(ticket: UInt64, into effects: inout [Effect]) {
        guard awaits(ticket), let found = replacing else { return }
        replacing = nil
        deliverChained(&effects)
        if mayLackMore { effects.append(.missed(nil)) }
        ask(replacing: found, &effects)
    }
}

// MARK: - Live

extension Timeline {
    /// How a publication lies to the position.
    private enum Relation {
        /// It follows.
        case next
        /// It begins before it, and goes on after it.
        case reachesOver
        /// It has been delivered.
        case had
        /// It contradicts the position, or something is missing in between.
        case elsewhere
    }

    private func relation(of publication: Publication, to position: Position) -> Relation {
        guard publication.epoch == position.epoch, let last = publication.items.last else {
            return .elsewhere
        }
        if publication.firstSeq > position.seq {
            let isNext = publication.firstSeq == position.seq + 1
            return isNext && publication.prev == position.mid ? .next : .elsewhere
        }
        guard publication.lastSeq >= position.seq else {
            return remembered.holds(last.mid, at: publication.lastSeq) ? .had : .elsewhere
        }
        let own = publication.items[Int(position.seq - publication.firstSeq)].mid
        guard own == position.mid else { return .elsewhere }
        return publication.lastSeq == position.seq ? .had : .reachesOver
    }

    private mutating func receive(
        _ publication: Publication,
        after asked: UInt64,
        _ effects: inout [Effect]
    ) {
        switch phase {
        case .deaf: break
        case .catchingUp: hold(.publication(publication, after: asked), publication.byteCount)
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
        // A question that was asked since has not shown it: no publication causes two.
        case .elsewhere where asked < ticket: effects.append(.ignored)
        case .elsewhere: lookUp(publication, after: asked, &effects)
        }
    }

    private mutating func lookUp(
        _ publication: Publication,
        after asked: UInt64,
        _ effects: inout [Effect]
    ) {
        // It is in the log as well; but here it is at hand.
        phase = .catchingUp
        hold(.publication(publication, after: asked), publication.byteCount)
        guard publication.epoch > reign?.epoch ?? 0 else { return begin(&effects) }
        // The log can be read when the newer reign has been told, which begins anew.
        ticket += 1
        effects.append(.doubtStanding(epoch: publication.epoch))
    }

    private mutating func deliver(_ publication: Publication, _ effects: inout [Effect]) {
        var seq = publication.firstSeq
        for item in publication.items {
            remembered.add(.init(seq: seq, mid: item.mid))
            seq += 1
        }
        if let last = publication.items.last {
            let epoch = max(publication.epoch, position?.epoch ?? 0)
            position = Position(epoch: epoch, seq: seq - 1, mid: last.mid)
        }
        guard let had else { return effects.append(.deliver(publication)) }
        for piece in publication.without(had) { effects.append(.deliver(piece)) }
    }
}

// MARK: - Catching up

extension Timeline {
    private mutating func begin(_ effects: inout [Effect]) {
        phase = .catchingUp
        ask(&effects)
    }

    private mutating func ask(
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
    private func shows(_ page: CatchUpPage) -> Bool {
        guard askedAt == position else { return false }
        return page.footing != .proven || !page.entries.isEmpty
    }

    private mutating func read(
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
        guard !hasOverflowed else {
            dropHeld()
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
    private var mayLackMore: Bool {
        (!isUnbroken || hasOverflowed) && position?.epoch == reign?.epoch
    }

    private mutating func goLive(_ effects: inout [Effect]) {
        phase = .live
        isUnbroken = true
        if let position { effects.append(.opened(position)) }
        let waiting = held
        dropHeld()
        for next in waiting {
            switch next {
            case .publication(let publication, let asked):
                receive(publication, after: asked, &effects)
            case .byHand(let body): receive(byHand: body, into: &effects)
            }
        }
    }

    /// Delivers what is held as far as it follows the position.
    private mutating func deliverChained(_ effects: inout [Effect]) {
        let waiting = held
        let wasOverflowing = hasOverflowed
        dropHeld()
        hasOverflowed = wasOverflowing
        for next in waiting {
            guard case .publication(let publication, _) = next, let position,
                publication.epoch == position.epoch
            else {
                keep(next)
                continue
            }
            switch relation(of: publication, to: position) {
            case .next: deliver(publication, &effects)
            case .reachesOver: deliver(publication.from(position.seq + 1), &effects)
            case .had: break
            case .elsewhere: keep(next)
            }
        }
    }

    private mutating func keep(_ next: Held) {
        switch next {
        case .publication(let publication, _): hold(next, publication.byteCount)
        case .byHand(let body): hold(next, body.count)
        }
    }

    private mutating func hold(_ next: Held, _ bytes: Int) {
        guard !hasOverflowed else { return }
        guard held.count < Limits.heldMessages, heldBytes + bytes <= Limits.heldBytes else {
            dropHeld()
            hasOverflowed = true
            return
        }
        held.append(next)
        heldBytes += bytes
    }

    private mutating func dropHeld() {
        held = []
        heldBytes = 0
        hasOverflowed = false
    }
}
