/// One loop's side of the broker: what its sessions hold and want, what is on its way, and what has
/// to be settled when an answer got lost.
///
/// Takes what happens and appends what is to be done about it. It never believes what it was not
/// told: a call without an answer is unknown, a name whose standing has changed is claimed again
/// before it is used, and a message whose fate is unknown is settled by what the name's record says.
/// On: its loop.
public struct BrokerClient: Sendable {
    /// What is to be done, in order.
    public enum Effect: Sendable {
        /// Ask the broker.
        case call(BrokerCall)
        /// Tell a session what came of its claim.
        case claimed(SocketID, ClaimOutcome)
        /// Tell a session that the name it gave up is not its any more.
        case released(SocketID)
        /// Tell a session what became of messages of its own: so many in a row. The place is the first
        /// one's; the others follow it.
        case settled(SocketID, Settlement, count: Int = 1)
        /// Tell a session that its messages cannot be settled before the broker is back; or that it is.
        case stalled(SocketID, Bool)
        /// Tell a session that its name has passed on.
        case nameLost(SocketID, Username)
        /// Ask whoever keeps the node's standing to look, and to tell it again.
        case doubtStanding
        /// Ask whoever keeps the room's order to catch up with it, and to tell it open again.
        case doubtRoom(RoomName)
    }

    enum Pending {
        case claim(SocketID, SessionID, Claim)
        case release(SessionID)
        /// By the line's number.
        case publish(Int, Reign)
    }

    // What the node is.
    var standing: Standing?
    /// The same for those who remember it.
    var footing: Footing?
    var isLinked = false
    /// When the link was lost last.
    var lostAt = Instant.distantPast
    /// The link is away, and not just for a moment: nobody waits for it.
    var isOutage = true
    /// The standing has been doubted, and not been told again.
    var isInDoubt = false
    /// What to tell people while nothing can be asked.
    var trouble = Self.starting
    /// Until then the node can prove that its names are its own.
    public var horizon = Instant.distantPast

    // Names. Tables that calls are made from are dense ones, and lists: their order comes from what
    // has happened, so that the same events make the same calls in every process.
    var held = DenseTable<SocketID, Tenancy>()
    var wanted = DenseTable<SocketID, Tenancy>()
    var leaving = DenseTable<SessionID, Departure>()
    /// Names given up by a change of name, until their session says so.
    var former: [SocketID: Tenancy] = [:]
    /// Whose name is to be claimed again as soon as the broker can be asked, if it is still in doubt
    /// by then.
    var doubtful: [SocketID] = []
    /// The same, but not before the next tick: they were turned away.
    var postponed: [SocketID] = []
    /// Something was turned away, and is to be asked again at the next tick.
    var isRetryDue = false

    // Messages.
    var lines: Lines
    /// Lines with a message that waits and a call that could leave, by number.
    var ready: [Int] = []
    /// Messages whose fate is unknown, until their sender's name has been claimed again.
    var limbo = DenseTable<SocketID, [Outbox.Sent]>()
    /// What the node's own subscription had shown when the standing was told: the highest number by
    /// lineage.
    var seen: [Lineage: UInt64] = [:]

    var pending = FIFO<Pending>()

    /// A client that has nobody to ask yet.
    public init(maxWaiting: Int = Limits.outboxMessages) {
        lines = Lines(maxWaiting: maxWaiting)
    }

    private static let starting = "The node is not connected yet; try again in a moment"
    static let busy = "The node cannot send that much at present; try again in a moment"
    static let unsure =
        "The node has lost touch with the others for a moment; try again"

    /// The broker can be asked for something.
    var canAsk: Bool {
        // Not compared with nil, which would copy the whole of it.
        guard isLinked, !isInDoubt, case .some = standing else { return false }
        return true
    }

    /// The broker can be asked, or most likely can be in a moment: what sessions ask for may wait.
    var mayAskSoon: Bool {
        guard !isOutage, case .some = standing else { return false }
        return true
    }

    /// Why nobody has asked for so long, or will.
    var reason: String { canAsk ? Self.unsure : trouble }

    /// The node can prove that its names are its own.
    func isSure(_ now: Instant) -> Bool { now < horizon }
}

// MARK: - What happens around it

extension BrokerClient {
    /// The broker can be reached.
    public mutating func linkUp(now: Instant, into effects: inout [Effect]) {
        isLinked = true
        isOutage = false
        for socket in limbo.keys { effects.append(.stalled(socket, false)) }
        resume(&effects)
    }

    /// The broker cannot be reached: what has no answer by now will never have one.
    ///
    /// Most links are back in a moment, so what sessions ask for waits; after `Limits.relinkPatience`
    /// those who wait are told, and what was on its way is settled when the broker is back. Also for
    /// each try that has failed since.
    public mutating func linkLost(_ reason: String, now: Instant, into effects: inout [Effect]) {
        if isLinked { lostAt = now }
        isLinked = false
        trouble = reason
        for pending in pending.takeAll() {
            switch pending {
            case .claim(let socket, let session, _): claimCut(socket, session, &effects)
            case .release(let session): releaseCut(session, &effects)
            case .publish(let line, _): sendToLimbo(takeInFlight(of: line), &effects)
            }
        }
        noteOutage(now, &effects)
        giveUpWaiting(now, &effects)
    }

    /// The link has been away for longer than a moment: nothing but a closed socket waits for it any
    /// more.
    private mutating func noteOutage(_ now: Instant, _ effects: inout [Effect]) {
        guard !isLinked, !isOutage, now >= lostAt + Limits.relinkPatience else { return }
        isOutage = true
        refuseWaiting(trouble, since: .distantFuture, &effects)
        for socket in limbo.keys { effects.append(.stalled(socket, true)) }
    }

    /// The node's standing, new or told again. `seen` is what its own subscription has shown of
    /// messages that may still be without an answer: the highest number by lineage.
    public mutating func stands(
        _ new: Standing,
        seen: [Lineage: UInt64],
        into effects: inout [Effect]
    ) {
        let hasMoved = footing?.holds(in: new) != true
        standing = new
        if hasMoved { footing = Footing(new) }
        self.seen = seen
        isInDoubt = false
        if hasMoved {
            for socket in held.keys { makeDoubtful(socket) }
        }
        resume(&effects)
    }

    /// A room is caught up in the position's reign, up to there: it may be published in.
    public mutating func opened(_ room: RoomName, at position: Position) {
        let line = lines.number(of: room)
        lines.all[line].position = position
        noteReady(line)
    }

    /// A room has been delivered up to a place.
    public mutating func delivered(_ room: RoomName, upTo position: Position) {
        lines.all[lines.number(of: room)].advance(to: position)
    }

    /// Some time has passed. Call it every few hundred milliseconds.
    ///
    /// Cost: a look at each message that waits, and at each name that is wanted.
    public mutating func tick(now: Instant, into effects: inout [Effect]) {
        let patience = Duration.zero - Limits.publishPatience
        noteOutage(now, &effects)
        refuseWaiting(reason, since: now + patience, &effects)
        giveUpWaiting(now, &effects)
        if isRetryDue {
            isRetryDue = false
            doubtful += postponed
            postponed = []
            resume(&effects)
        }
    }

    /// Everything a turn of the loop had to say has been said: calls leave.
    public mutating func endTurn(now: Instant, into effects: inout [Effect]) {
        guard !ready.isEmpty else { return }
        // Nothing gets ready meanwhile: that takes an answer.
        for line in ready {
            lines.all[line].isReady = false
            flush(line, now, &effects)
        }
        ready.removeAll(keepingCapacity: true)
    }

    /// The answer to the oldest call that had none.
    public mutating func answered(
        _ answer: BrokerAnswer,
        now: Instant,
        into effects: inout [Effect]
    ) {
        // One after the other: a pair of them would be a copy of both.
        switch pending.popFirst() {
        case .publish(let line, let reign):
            switch answer {
            case .publish(let answer): publishAnswered(line, reign, answer, &effects)
            case .refused(let reason): publishRefused(line, reason, &effects)
            default: Self.isOfAnotherKind()
            }
        case .claim(let socket, let session, let claim):
            switch answer {
            case .claim(let answer): claimAnswered(socket, session, claim, answer, now, &effects)
            case .refused(let reason): claimRefused(socket, session, reason, &effects)
            default: Self.isOfAnotherKind()
            }
        case .release(let session):
            switch answer {
            case .released:
                releaseAnswered(session, &effects)
            case .refused:
                releaseCut(session, &effects)
                isRetryDue = true
            default: Self.isOfAnotherKind()
            }
        case nil:
            preconditionFailure("an answer to nothing")
        }
        claimDoubtfulAgain(&effects)
    }

    private static func isOfAnotherKind() -> Never {
        preconditionFailure("an answer of another kind than its call")
    }

    /// Sends what has waited for the broker: first what frees names, then what makes them sure.
    private mutating func resume(_ effects: inout [Effect]) {
        guard canAsk, let standing, let footing else { return }
        for (session, departure) in leaving where !departure.isSent {
            leaving[session]?.isSent = true
            pending.append(.release(session))
            effects.append(.call(.release(departure.release(session))))
        }
        claimDoubtfulAgain(&effects)
        for (socket, tenancy) in wanted
        where tenancy.phase == .waitingToAsk
            || (tenancy.phase == .waitingForGrace && !standing.isGrace)
        {
            ask(for: socket, footing, &effects)
        }
        noteAllReady()
    }

    mutating func doubtStanding(_ effects: inout [Effect]) {
        guard !isInDoubt else { return }
        isInDoubt = true
        effects.append(.doubtStanding)
    }
}
