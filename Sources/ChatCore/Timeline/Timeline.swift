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

    /// Which room.
    public let room: RoomName
    var phase = Phase.deaf
    var reign: Reign?
    var position: Position?
    var remembered = Remembered()

    /// What came over the subscription while the room was being caught up with.
    var buffer = SubscriptionBuffer()
    /// What had been delivered when the position proved void. Some of it stands in the history that
    /// counts now, or is sent once more by who got no answer: nobody gets a message twice.
    var had: Set<MessageID>?
    var comparisonsSinceRewind = 0
    var ticket: UInt64 = 0
    /// Where it stood when that was asked.
    var askedAt: Position?
    /// The top that the position is to replace, once a probe has come back.
    var replacing: CatchUpCall.FoundTop?
    /// Since the room was last caught up with, nothing was published that did not come here.
    var isUnbroken = false

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
        buffer.drop()
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
        case .catchingUp: buffer.add(.byHand(body))
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
