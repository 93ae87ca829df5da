/// One loop's side of the broker: the names its sessions hold and ask for, the calls that have no
/// answer yet, and what has to be settled after an answer got lost.
///
/// It takes events and appends the effects to be carried out. It assumes nothing: the result of a
/// call without an answer is unknown, a name whose registration has changed is claimed again before
/// it is used, and the record of the sender's name settles a message whose fate is unknown.
///
/// On: its loop.
public struct BrokerClient: Sendable {
    enum Pending {
        /// The call of claims that `claims` has in flight, with the context in which it was made.
        case claims(ClaimContext)
        case release(LoginID)
        /// A note that a name lingers.
        case lingering
        /// A publish, with the number of its room's outbox.
        case publish(Int, Epoch)
        /// What names of `moving` join and leave.
        case presence(Epoch)
        /// A removal without a login, with its number: by the operator, or, below 0, of one that was lost.
        case moderation(Int)
    }

    // The node's registration and link.
    var registration: Registration?
    /// The same registration as an object, to be shared by the names.
    var context: ClaimContext?
    var isLinked = false
    /// The time at which the link was lost last.
    var lostAt = Instant.distantPast
    /// Whether the link has been down for longer than `Limits.relinkPatience`, so that requests are
    /// refused.
    var isOutage = true
    /// Whether a new look at the registration was asked for, and it has not been announced again
    /// yet.
    var isRechecking = false
    /// The reason given to people while nothing can be asked.
    var trouble = Self.starting
    /// The time until which the node can prove that its names are its own.
    public var leaseExpiry = Instant.distantPast

    // Names. Calls are made from dense tables and lists, whose order depends only on the events.
    var held = DenseTable<SocketID, HeldName>()
    var wanted = DenseTable<SocketID, HeldName>()
    var releasing = DenseTable<LoginID, PendingRelease>()
    /// What resumable logins bring that ask for a name.
    var credentials: [SocketID: Credentials] = [:]
    /// How long a name is kept for its user whose socket is gone; zero: not at all.
    public var linger: Duration
    /// The names that linger, in the order in which that ends. One that was taken over meanwhile is still
    /// among them.
    var lingering = FIFO<(socket: SocketID, until: Instant)>()
    /// Names that were taken over, and until when they stay in the rooms that their clients have not joined
    /// again.
    var keeping = FIFO<(socket: SocketID, until: Instant)>()
    /// The logins that were replaced, of which the loop was told in this turn.
    var replaced: Set<LoginID> = []
    /// The sockets whose names may have been taken over without this node's being told.
    var unreviewed: [SocketID] = []
    /// Names given up by a change of name, until their session releases them.
    var former: [SocketID: HeldName] = [:]
    /// The claims that are to be sent as soon as the broker can be asked.
    var claims = ClaimQueue()
    /// The number of calls of claims that were sent.
    var claimCalls: UInt64 = 0
    /// How many new logins may ask for a name.
    var arrivals: ArrivalLimit
    /// The rooms of resumable logins, and of sessions without a name that may have one later.
    var roomsOfNames: [SocketID: NameRooms] = [:]
    /// The sockets whose rooms may have changed since they were sent.
    var changedRooms = FIFO<SocketID>()
    /// What the call of rooms in flight says; empty: there is none.
    var moving: [Moving] = []
    /// Names that are to be claimed again, but not before the next tick, because their claims were
    /// refused.
    var postponed: [ClaimQueue.Entry] = []
    /// Whether something was refused that is to be asked again at the next tick.
    var isRetryDue = false

    // Messages.
    var rooms: RoomOutboxes
    /// The numbers of the outboxes with a message that waits and a call that can be sent.
    var ready: [Int] = []
    /// The numbers of the outboxes that have a message, or had one at the last tick, and of the rooms that
    /// sessions have just entered.
    var speaking: [Int] = []
    /// Messages whose fate is unknown, until their sender's name has been claimed again.
    var inDoubt = DenseTable<SocketID, [Outbox.Sent]>()
    /// What the node's own subscription had delivered when the registration was announced: the
    /// highest number by producer.
    var seen: [ProducerID: UInt64] = [:]

    /// The numbers of the rooms that sessions wait for, and perhaps of some for which none does any more.
    var awaited: [Int] = []

    var lostRemovals = LostRemovals()

    var pending = FIFO<Pending>()

    /// Makes a client that cannot ask a broker yet.
    public init(
        maxWaiting: Int = Limits.outboxMessages,
        linger: Duration = Limits.nameLinger,
        arrivals: ArrivalLimit = ArrivalLimit()
    ) {
        self.linger = linger
        self.arrivals = arrivals
        rooms = RoomOutboxes(maxWaiting: maxWaiting)
    }

    /// Whether the broker can be asked.
    var canAsk: Bool {
        // Not compared with nil, which would copy the whole value.
        guard isLinked, !isRechecking, case .some = registration else { return false }
        return true
    }

    /// Whether the broker can be asked, or most likely can be in a moment, so that sessions'
    /// requests may wait.
    var mayAskSoon: Bool {
        guard !isOutage, case .some = registration else { return false }
        return true
    }

    /// The reason given to people for a request that has waited too long, or is refused.
    var reason: String { canAsk ? Self.lostTouch : trouble }

    /// Whether the node can prove that its names are its own.
    func isLeaseValid(_ now: Instant) -> Bool { now < leaseExpiry }
}

// MARK: - Events

extension BrokerClient {
    /// Notes that the broker can be reached.
    public mutating func linkUp(now: Instant, into effects: inout [Effect]) {
        isLinked = true
        isOutage = false
        for socket in inDoubt.keys { effects.append(.tell(socket, .stalled(false))) }
        resume(&effects)
    }

    /// Notes that the broker cannot be reached: calls without an answer will never get one.
    ///
    /// Most links are back in a moment, so sessions' requests wait; after `Limits.relinkPatience`
    /// they are refused, and messages in flight are settled when the broker is back. Also called
    /// for each attempt that has failed since.
    public mutating func linkLost(_ reason: String, now: Instant, into effects: inout [Effect]) {
        if isLinked { lostAt = now }
        isLinked = false
        trouble = reason
        for pending in pending.takeAll() {
            switch pending {
            case .claims: claimsCut()
            case .release(let login): releaseCut(login, &effects)
            case .lingering: break
            case .publish(let number, _): markInDoubt(takeInFlight(of: number), &effects)
            case .presence: roomsCut()
            case .moderation(let number): moderated(number, .refused(reason: reason), &effects)
            }
        }
        noteOutage(now, &effects)
        giveUpWaiting(now, &effects)
    }

    /// Refuses what waits for the link, once it has been down for longer than a moment: only the
    /// names of closed sockets wait on.
    private mutating func noteOutage(_ now: Instant, _ effects: inout [Effect]) {
        guard !isLinked, !isOutage, now >= lostAt + Limits.relinkPatience else { return }
        isOutage = true
        refuseWaiting(trouble, since: .distantFuture, &effects)
        giveUpEntering(trouble, since: .distantFuture, &effects)
        for socket in inDoubt.keys { effects.append(.tell(socket, .stalled(true))) }
    }

    /// Takes the node's registration, new or announced again. `seen` is what the node's own
    /// subscription has delivered of messages that may still have no answer: the highest number by
    /// producer.
    public mutating func registrationChanged(
        _ new: Registration,
        seen: [ProducerID: UInt64],
        into effects: inout [Effect]
    ) {
        let hasMoved = context?.holds(in: new) != true
        registration = new
        if hasMoved { context = ClaimContext(new) }
        self.seen = seen
        isRechecking = false
        if hasMoved {
            for socket in held.keys { markUnconfirmed(socket) }
        }
        resume(&effects)
    }

    /// Handles the passing of time. To be called every few hundred milliseconds.
    ///
    /// Cost: a look at each message that waits, and at each name that is asked for.
    public mutating func tick(now: Instant, into effects: inout [Effect]) {
        // Once, because it costs more than the rest of a tick in which nothing waits.
        let late = now + (Duration.zero - Limits.publishPatience)
        noteOutage(now, &effects)
        refuseWaiting(reason, since: late, &effects)
        giveUpEntering(reason, since: late, &effects)
        stopSpeaking(&effects)
        giveUpWaiting(now, &effects)
        endLingering(now, &effects)
        repeatLostRemoval(&effects)
        if isRetryDue {
            isRetryDue = false
            for entry in postponed { claims.addAgain(entry) }
            postponed = []
            resume(&effects)
        }
    }

    /// Sends the calls of a turn of the loop, at its end.
    public mutating func endTurn(now: Instant, into effects: inout [Effect]) {
        if !replaced.isEmpty { loseReplaced(&effects) }
        if claims.isReady {
            sendClaims(&effects)
            sendRooms(&effects)
        }
        guard !ready.isEmpty else { return }
        // No outbox becomes ready meanwhile: that takes an answer.
        for number in ready {
            rooms.all[number].isReady = false
            flush(number, now, &effects)
        }
        ready.removeAll(keepingCapacity: true)
    }

    /// Takes the answer to the oldest call without one.
    public mutating func answered(
        _ answer: BrokerAnswer,
        now: Instant,
        into effects: inout [Effect]
    ) {
        // Two switches, because one over a pair would copy both values.
        switch pending.popFirst() {
        case .publish(let number, let epoch):
            switch answer {
            case .publish(let answer): publishAnswered(number, epoch, answer, &effects)
            case .refused(let reason): publishRefused(number, reason, &effects)
            default: Self.isOfAnotherKind()
            }
        case .claims(let context):
            switch answer {
            case .claims(let answer): claimsAnswered(context, answer, now, &effects)
            case .refused(let reason): claimsRefused(reason, now, &effects)
            default: Self.isOfAnotherKind()
            }
        case .release(let login):
            switch answer {
            case .released:
                releaseAnswered(login, &effects)
            case .refused:
                releaseCut(login, &effects)
                isRetryDue = true
            default: Self.isOfAnotherKind()
            }
        case .presence(let epoch):
            switch answer {
            case .presence(let answer): roomsAnswered(epoch, answer, &effects)
            case .refused: roomsRefused()
            default: Self.isOfAnotherKind()
            }
        case .moderation(let number): moderated(number, answer, &effects)
        case .lingering:
            // If it was refused, the secret of the login before works only when the name is free.
            break
        case nil:
            preconditionFailure("an answer to nothing")
        }
    }

    private static func isOfAnotherKind() -> Never {
        preconditionFailure("an answer of another kind than its call")
    }

    /// Sends what has waited for the broker: first what frees names. What confirms them is sent at the
    /// end of the turn, before the claims of new logins.
    private mutating func resume(_ effects: inout [Effect]) {
        guard canAsk, let registration else { return }
        for (login, release) in releasing where !release.isSent {
            releasing[login]?.isSent = true
            pending.append(.release(login))
            effects.append(.call(.release(release.release(login))))
        }
        if !registration.isGrace { queueAfterGrace() }
        markClaimsReady()
        markRoomsReady()
        markAllReady()
    }

    mutating func recheckRegistration(_ effects: inout [Effect]) {
        guard !isRechecking else { return }
        isRechecking = true
        effects.append(.recheckRegistration)
    }
}
