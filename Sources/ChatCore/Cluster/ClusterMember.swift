/// A node as a member of its cluster: its lease, its rooms, the probe of its subscription, what of the
/// broker it lacks, and the names that no session knows. All that a node has once, whatever the number
/// of its loops.
///
/// A backend carries out its effects over two connections: the membership connection, over which it
/// asks, and the subscription. On: one loop, the node's home loop.
public struct ClusterMember: Sendable {
    let label: String
    var lease: Lease
    var rooms: RoomFeeds
    /// Who is present in these rooms.
    var presence = PresenceFeeds()
    /// What of the broker is there.
    public internal(set) var availability: Availability
    /// Nil while there is no subscription.
    var probe: SubscriptionProbe?
    /// Whether the broker has confirmed nothing yet of what the present subscription asked for.
    var isSubscriptionNew = false
    /// The process that the subscription's own channel is named after; nil before the first
    /// registration.
    var incarnation: Incarnation?
    var epoch: Epoch?
    private var comparedAt = Instant.distantPast
    /// Questions about rooms' logs that wait for their turn.
    private var catchUps = CatchUpQueue()
    /// Questions about rooms that could not be asked, and when to ask them again.
    private var retries = FIFO<(at: Instant, room: RoomName, ticket: UInt64)>()
    private var toldSince: Instant?
    private var hasBeenReady = false

    /// The membership connection is there.
    private(set) var isLinked = false
    private var pending = FIFO<Call>()

    /// The search for names that no session knows, if one is under way.
    var audit: NameAudit?
    var audits = 0
    var auditedAt = Instant.distantPast

    var leaseEffects = InnerEffects<Lease.Effect>()
    var roomEffects = InnerEffects<RoomFeeds.Effect>()

    /// Creates a member that has not connected yet. `loops` is the number of its loops, each of which
    /// has a connection of its own; `roomLinger` is how long a room is heard after the last interest in
    /// it, and `maxRooms` the number of rooms that are heard at most.
    public init(
        label: String,
        isNewCluster: Bool,
        incarnation: Incarnation,
        loops: Int,
        roomLinger: Duration = Limits.roomLinger,
        maxRooms: Int = Limits.roomsPerNode,
        now: Instant
    ) {
        self.label = label
        lease = Lease(label: label, isNewCluster: isNewCluster, incarnation: incarnation)
        rooms = RoomFeeds(linger: roomLinger, maxRooms: maxRooms)
        availability = Availability(loops: loops, now: now)
        toldSince = now
    }

    /// What the node is registered as; nil while it is not registered.
    public var registration: Registration? { lease.registration }
    /// The number of rooms that the node hears, or is about to.
    public var roomCount: Int { rooms.count }

    /// When `tick` has something to do.
    public var due: Instant {
        var due = min(lease.due, retries.first?.at ?? .distantFuture, rooms.due, presence.due)
        if let probe { due = min(due, probe.due, comparedAt + comparisons.pause) }
        if lease.registration != nil { due = min(due, auditedAt + Limits.auditInterval) }
        return due
    }
}

// MARK: - The membership connection

extension ClusterMember {
    /// The membership connection is there.
    public mutating func linkUp(now: Instant, into effects: inout [Effect]) {
        isLinked = true
        updateLease(now, &effects) { $0.linkUp(now: now, into: &$1) }
        finish(now, &effects)
    }

    /// It is gone, or another try for one has failed: calls without an answer will have none.
    public mutating func linkLost(now: Instant, into effects: inout [Effect]) {
        isLinked = false
        _ = pending.takeAll()
        catchUps.removeAll()
        presence.linkLost()
        audit = nil
        lease.linkLost()
        availability.set(.registration, isThere: false, now: now)
        finish(now, &effects)
    }

    /// The answer to the oldest call that had none.
    public mutating func answered(
        _ answer: Answer,
        now: Instant,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        guard let call = pending.popFirst() else { preconditionFailure("an answer to nothing") }
        switch (call, answer) {
        case (.lease, .lease(let answer)):
            leaseAnswered(answer, now, &random, &effects)
        case (.lease, .refused):
            // The broker is well but takes no writes: without a heartbeat the lease ends soon.
            availability.set(.registration, isThere: false, now: now)
            leaseAnswered(.refused, now, &random, &effects)
        case (.catchUp(let call, let ticket), .catchUp(let answer)):
            catchUps.answered()
            comparePresence(call, answer, now, &effects)
            updateRooms(now, &effects) {
                $0.caughtUp(call.room, answer, ticket: ticket, into: &$1)
            }
            askNextCatchUps(&effects)
        case (.catchUp(let call, let ticket), .refused):
            catchUps.answered()
            retryLater(call.room, ticket, now)
            askNextCatchUps(&effects)
        case (.probe, .done), (.probe, .refused):
            break
        default:
            namesAnswered(call, answer, now, &effects)
        }
        finish(now, &effects)
    }

    private mutating func leaseAnswered(
        _ answer: Lease.Answer,
        _ now: Instant,
        _ random: inout some RandomNumberGenerator,
        _ effects: inout [Effect]
    ) {
        updateLease(now, &effects) {
            $0.answered(answer, now: now, using: &random, into: &$1)
        }
        // The heartbeat before may have been turned away.
        if case .roster(.roster) = answer, lease.registration != nil {
            availability.set(.registration, isThere: true, now: now)
        }
    }

    /// Asks for something. Without a connection it is as if the broker had turned the call away.
    mutating func ask(_ call: Call, _ now: Instant, _ effects: inout [Effect]) {
        guard isLinked else { return }
        pending.append(call)
        effects.append(.call(call))
    }

    /// Asks about a room's log, at once or in its turn.
    mutating func ask(
        _ call: CatchUpCall,
        ticket: UInt64,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard isLinked else { return retryLater(call.room, ticket, now) }
        catchUps.append(call, ticket: ticket)
        askNextCatchUps(&effects)
    }

    /// Asks about as many rooms as may be asked about at a time.
    private mutating func askNextCatchUps(_ effects: inout [Effect]) {
        while let next = catchUps.next(where: { [rooms] in
            rooms.isCurrent($0.call.room, ticket: $0.ticket)
        }) {
            pending.append(.catchUp(next.call, ticket: next.ticket))
            effects.append(.call(.catchUp(next.call, ticket: next.ticket)))
        }
    }
}

// MARK: - The loops

extension ClusterMember {
    /// A loop's own connection is there, or is not.
    public mutating func broker(
        of loop: Int,
        isThere: Bool,
        now: Instant,
        into effects: inout [Effect]
    ) {
        availability.set(.loop(loop), isThere: isThere, now: now)
        finish(now, &effects)
    }

    /// A loop has met another epoch, of this number at least, or this process is not known there.
    public mutating func recheckRegistration(
        epoch: UInt64,
        now: Instant,
        into effects: inout [Effect]
    ) {
        updateLease(now, &effects) { $0.recheck(epoch: epoch, now: now, into: &$1) }
        finish(now, &effects)
    }

    /// A loop was told that a room ends elsewhere than this node believes.
    public mutating func recheck(
        _ room: RoomName,
        now: Instant,
        into effects: inout [Effect]
    ) {
        updateRooms(now, &effects) { $0.recheck(room, into: &$1) }
        finish(now, &effects)
    }

    /// A loop wants to hear a room.
    public mutating func enter(
        _ room: RoomName,
        loop: Int,
        now: Instant,
        into effects: inout [Effect]
    ) {
        updateRooms(now, &effects) { $0.enter(room, loop: loop, into: &$1) }
    }

    /// A loop does not want to hear a room any more.
    public mutating func leave(_ room: RoomName, loop: Int, now: Instant) {
        rooms.leave(room, loop: loop, now: now)
    }

    /// The highest fencing token that a loop has been granted a name with.
    public mutating func granted(fence: UInt64) {
        lease.granted(fence: fence)
    }
}

// MARK: - Time

extension ClusterMember {
    /// Does what is due.
    public mutating func tick(
        now: Instant,
        using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        if lease.due <= now {
            updateLease(now, &effects) { $0.tick(now: now, using: &random, into: &$1) }
        }
        switch probe?.tick(now: now) {
        case .probe:
            if let incarnation { ask(.probe(incarnation, ticket: nil), now, &effects) }
        case .giveUp:
            restartSubscription(isSilent: true, &effects)
        case .nothing, nil:
            break
        }
        if probe != nil, now >= comparedAt + comparisons.pause {
            comparedAt = now
            updateRooms(now, &effects) { [comparisons] in
                $0.compare(atMost: comparisons.count, into: &$1)
            }
        }
        if rooms.due <= now { updateRooms(now, &effects) { $0.tick(now: now, into: &$1) } }
        if presence.due <= now { updatePresence(now, &effects) { $0.tick(now: now, into: &$1) } }
        retry(now, &effects)
        if now >= auditedAt + Limits.auditInterval { beginAudit(now, &effects) }
        finish(now, &effects)
    }

    private mutating func retryLater(_ room: RoomName, _ ticket: UInt64, _ now: Instant) {
        retries.append((now + Limits.retryAfter, room, ticket))
    }

    private mutating func retry(_ now: Instant, _ effects: inout [Effect]) {
        while let next = retries.first, next.at <= now {
            _ = retries.popFirst()
            guard let epoch else { continue }
            updateRooms(now, &effects) {
                $0.retry(next.room, ticket: next.ticket, in: epoch, into: &$1)
            }
        }
    }

    /// How many rooms are compared at a time, and how long after the ones before: so that each is
    /// compared once in `Limits.compareInterval`, evenly spread.
    private var comparisons: (count: Int, pause: Duration) {
        let bursts = max(1, (rooms.count + Limits.roomsAtOnce - 1) / Limits.roomsAtOnce)
        return ((rooms.count + bursts - 1) / bursts, Limits.compareInterval / bursts)
    }

    /// Tells what has changed for the node as a whole.
    mutating func finish(_ now: Instant, _ effects: inout [Effect]) {
        availability.set(.subscription, isThere: rooms.isLive, now: now)
        if availability.since != toldSince {
            toldSince = availability.since
            effects.append(.availabilityChanged(since: toldSince))
        }
        if !hasBeenReady, toldSince == nil, lease.registration?.isGrace == false {
            hasBeenReady = true
            effects.append(.ready)
        }
    }
}
