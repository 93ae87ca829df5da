/// One room's order as this node delivers it: what came over the subscription, what it lacks, and
/// what it reads from the log instead.
///
/// Pub/sub is at most once, and a cut of it is a gap, always: so nothing is delivered that does not
/// prove to be next, and what is missing is caught up with before anything newer. On: the loop of the
/// subscription.
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
        /// The room may be published in.
        case opened(epoch: UInt64, lastSeq: UInt64)
        /// These are lost to this node's clients, and are known to be.
        case missed(ClosedRange<UInt64>)
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
        case publication(Publication)
        case byHand([UInt8])
    }

    let room: RoomName
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
        dropHeld()
        ticket += 1
    }

    /// The node's standing, new or told again.
    public mutating func stands(in new: Reign, into effects: inout [Effect]) {
        let hasMoved = new != reign
        reign = new
        if phase != .deaf, hasMoved || phase == .catchingUp { begin(&effects) }
    }

    /// Messages came over the subscription.
    public mutating func receive(_ publication: Publication, into effects: inout [Effect]) {
        switch phase {
        case .deaf: break
        case .catchingUp: hold(.publication(publication), publication.byteCount)
        case .live: take(publication, &effects)
        }
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
}

// MARK: - Live

extension Timeline {
    private mutating func take(_ publication: Publication, _ effects: inout [Effect]) {
        guard let position, publication.epoch >= position.epoch else { return }
        guard publication.epoch == position.epoch, publication.firstSeq <= position.seq + 1 else {
            if publication.epoch > (reign?.epoch ?? 0) {
                effects.append(.doubtStanding(epoch: publication.epoch))
            }
            begin(&effects)
            // It is in the log as well; but here it is at hand.
            return hold(.publication(publication), publication.byteCount)
        }
        guard publication.lastSeq > position.seq else { return }
        deliver(publication.from(position.seq + 1), &effects)
    }

    private mutating func deliver(_ publication: Publication, _ effects: inout [Effect]) {
        var seq = publication.firstSeq
        for item in publication.items {
            remembered.add(.init(seq: seq, mid: item.mid))
            seq += 1
        }
        position = Position(
            epoch: max(publication.epoch, position?.epoch ?? 0),
            seq: seq - 1,
            mid: publication.items.last?.mid
        )
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

    private mutating func ask(_ effects: inout [Effect]) {
        // An answer to an older question is nobody's any more.
        ticket += 1
        askedAt = position
        guard let reign else { return }
        let call = CatchUpCall(
            reign: reign,
            room: room,
            position: position,
            marks: remembered.milestones,
            limit: Limits.catchUpEntries
        )
        effects.append(.catchUp(call, ticket: ticket))
    }

    /// Whether a comparison shows anything that has not been delivered meanwhile.
    ///
    /// Nothing where something has: what comes shows each hole itself. And what is behind the position
    /// of then may be no longer in the log, where as much is said as a busy room may say.
    private func shows(_ page: CatchUpPage) -> Bool {
        guard askedAt == position else { return false }
        guard page.footing == .proven, let position else { return page.footing != .proven }
        return page.entries.last.map { $0.lastSeq > position.seq } ?? false
    }

    private mutating func read(
        _ page: CatchUpPage,
        _ reign: Reign,
        _ effects: inout [Effect]
    ) {
        let asked = position
        if page.footing == .rewound {
            had = remembered.mids
            comparisonsSinceRewind = 0
        }
        if page.footing == .trimmed, let asked,
            let first = page.entries.first?.firstSeq ?? page.top?.seq,
            first > asked.seq + 1
        {
            effects.append(.missed(asked.seq + 1...first - 1))
        }
        for entry in page.entries { deliver(entry, &effects) }
        stand(behind: page, asked, reign)
        guard !page.hasMore else { return ask(&effects) }
        guard !hasOverflowed else {
            dropHeld()
            return ask(&effects)
        }
        goLive(reign, &effects)
    }

    /// Where the node is behind a page: at its last entry, which need not have been new.
    private mutating func stand(behind page: CatchUpPage, _ asked: Position?, _ reign: Reign) {
        if let last = page.entries.last {
            position = Position(epoch: reign.epoch, seq: last.lastSeq, mid: last.items.last?.mid)
        } else if asked == nil || page.footing == .trimmed || page.top != nil {
            position = page.top ?? Position(epoch: reign.epoch, seq: 0, mid: nil)
        } else if page.footing == .proven, let asked {
            position = Position(epoch: reign.epoch, seq: asked.seq, mid: asked.mid)
        }
        // Else the room has been emptied. The place stays one of the old reign, so that whatever
        // number the next message gets, it is looked up.
    }

    private mutating func goLive(_ reign: Reign, _ effects: inout [Effect]) {
        phase = .live
        effects.append(.opened(epoch: reign.epoch, lastSeq: position?.seq ?? 0))
        let waiting = held
        dropHeld()
        for next in waiting {
            switch next {
            case .publication(let publication):
                // What is logged before it is published, and read behind the subscription, has no
                // hole: who has written this has not written the log.
                guard !isForged(publication) else { continue }
                receive(publication, into: &effects)
            case .byHand(let body): receive(byHand: body, into: &effects)
            }
        }
    }

    private func isForged(_ publication: Publication) -> Bool {
        guard phase == .live, let position, publication.epoch == position.epoch else {
            return false
        }
        return publication.firstSeq > position.seq + 1
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
