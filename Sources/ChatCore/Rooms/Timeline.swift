/// One room's order as this node delivers it: what came over the subscription, what is missing, and
/// what is read from the log instead.
///
/// Pub/sub delivers at most once, and each cut of the connection means a gap. So a message is
/// delivered only if it is proven to be next. The proof is the chain of ids (`Publication.prev`),
/// not the number, which may be given twice if data is lost or changed externally. Missing messages
/// are caught up with before anything newer is delivered.
///
/// On: the loop of the subscription.
public struct Timeline: Sendable {
    /// An action for the owner to carry out, in order.
    public enum Effect: Sendable, Hashable {
        /// Deliver these messages to all clients of the room.
        case deliver(Publication)
        /// Deliver these messages once more, under their present numbers, to the clients that know
        /// positions: a reset has voided the numbers under which they were delivered before.
        case redeliver(Publication)
        /// Deliver this message to all clients of the room: it has no number and is not kept.
        case deliverExternal([UInt8])
        /// Ask the log. `caughtUp` with the same ticket answers; or nothing does, if the connection
        /// is lost: the next `epochChanged` begins again.
        case catchUp(CatchUpCall, ticket: UInt64)
        /// Publish a probe to the node itself. `probed` with the same ticket answers when it has
        /// come back over the subscription; or nothing does, and `unsubscribed` follows.
        case probe(ticket: UInt64)
        /// Allow publishing in the room; it has been delivered up to this position.
        case opened(Position)
        /// Tell the clients that know positions that their room has a new epoch, or a history that was
        /// replaced within one. What was delivered up to the position stands, what was delivered after
        /// it is void, and what follows the position is delivered next.
        case reset(Position)
        /// Report messages that this node's clients will never receive; nil: which ones cannot be
        /// found out, and a `reset` follows.
        case missed(ClosedRange<UInt64>?)
        /// Report a publication that is dropped because the log does not contain it.
        case ignored
        /// Check the registration: an epoch newer than the announced one has been seen.
        case recheckRegistration(epoch: UInt64)
    }

    enum Phase: Hashable {
        /// The room is not subscribed: nothing comes.
        case deaf
        /// What comes over the subscription is buffered until the log has been read.
        case catchingUp
        /// What comes over the subscription is delivered.
        case live
    }

    /// The room.
    public let room: RoomName
    var phase = Phase.deaf
    var epoch: Epoch?
    var position: Position?
    var recent = RecentMessages()

    /// What came over the subscription while the room was catching up.
    var buffer = SubscriptionBuffer()
    /// The messages that had been delivered when the position proved void. Some of them are in the
    /// history that is valid now, or are sent again by senders that got no answer. Clients that do not
    /// know positions receive no message twice; the others are told that theirs were void.
    var had: Set<MessageID>?
    var comparisonsSinceRewind = 0
    /// Those of the remembered messages that a reset has voided and that were not delivered again.
    var void: Set<MessageID> = []
    /// The ticket of the newest question.
    var ticket: UInt64
    /// The position when the question with that ticket was asked.
    var askedAt: Position?
    /// The top that the position is to replace, once a probe has come back.
    var replacing: CatchUpCall.FoundTop?
    /// Whether everything published since the room was last caught up with has come here.
    var isUnbroken = false

    /// Makes the timeline of a room of which nothing is known. Its tickets are higher than `ticket`,
    /// so that it takes no answer to an earlier timeline of the same room.
    public init(room: RoomName, after ticket: UInt64 = 0) {
        self.room = room
        self.ticket = ticket
    }

    /// Whether the room waits for the answer to the question with this ticket.
    func awaits(_ ticket: UInt64) -> Bool { phase == .catchingUp && ticket == self.ticket }
    /// Whether everything that is published reaches this node's clients.
    public var isLive: Bool { phase == .live }
}

// MARK: - Events

extension Timeline {
    /// Begins to catch up: the broker has confirmed that everything published from now on comes.
    public mutating func subscribed(into effects: inout [Effect]) {
        begin(&effects)
    }

    /// Stops delivery: nothing comes over the subscription any more.
    public mutating func unsubscribed() {
        phase = .deaf
        isUnbroken = false
        buffer.drop()
        ticket += 1
    }

    /// Takes the node's registration, new or announced again.
    public mutating func epochChanged(to new: Epoch, into effects: inout [Effect]) {
        let hasMoved = new != epoch
        epoch = new
        if phase != .deaf, hasMoved || phase == .catchingUp { begin(&effects) }
    }

    /// Begins to catch up: a loop was told that the room ends elsewhere than here.
    public mutating func recheck(into effects: inout [Effect]) {
        if phase == .live { begin(&effects) }
    }

    /// Takes messages that came over the subscription.
    public mutating func receive(_ publication: Publication, into effects: inout [Effect]) {
        receive(publication, after: ticket, &effects)
    }

    /// Takes a message of an external program that came over the subscription.
    public mutating func receive(external body: [UInt8], into effects: inout [Effect]) {
        switch phase {
        case .deaf: break
        case .catchingUp: buffer.add(.external(body))
        case .live: effects.append(.deliverExternal(body))
        }
    }

    /// Asks, from time to time, whether the room's end is what has been delivered. A difference
    /// only causes the room to catch up.
    public mutating func compare(into effects: inout [Effect]) {
        guard phase == .live else { return }
        // A node sends messages again for `Limits.resendAge` (2 s), a client of `chat.v1` mostly while its name
        // lingers: for 20 s, if the operator sets nothing else.
        comparisonsSinceRewind += 1
        if Limits.compareInterval * (comparisonsSinceRewind - 1) > Limits.nameLinger { had = nil }
        ask(&effects)
    }

    /// Takes the answer to `catchUp`.
    public mutating func caughtUp(
        _ answer: CatchUpAnswer,
        ticket: UInt64,
        into effects: inout [Effect]
    ) {
        guard ticket == self.ticket, let epoch else { return }
        switch (answer, phase) {
        case (_, .deaf): break
        case (.otherEpoch, _): effects.append(.recheckRegistration(epoch: epoch.number))
        case (.page(let page), .live): if shows(page) { begin(&effects) }
        case (.page(let page), .catchingUp): read(page, epoch, &effects)
        }
    }

    /// Takes the return of a probe: everything published before it has been received.
    public mutating func probed(ticket: UInt64, into effects: inout [Effect]) {
        guard awaits(ticket), let found = replacing else { return }
        replacing = nil
        deliverChained(&effects)
        // What may be missing is told by the answer: a birth that was put in the position's place.
        ask(replacing: found, &effects)
    }
}
