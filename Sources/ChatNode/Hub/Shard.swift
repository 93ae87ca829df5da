import ChatCore
import NIOCore

/// What stands in a shard's table: a connection on its way to be a WebSocket, or one.
protocol SlotOccupant: AnyObject {
    /// The wheel reminds: look whether anything is due.
    func remind(now: Instant)
    /// The node is leaving: close.
    func drain()
    /// The time to leave is up: close without another word.
    func cut()
}

/// Everything that one event loop owns: its sockets, their rooms, what they have to send.
///
/// Not `Sendable`, and no lock, no actor and no `await` in it: what comes from other loops comes
/// through `Hub`, once per batch.
final class Shard {
    let loop: any EventLoop
    let settings: ShardSettings
    let broker: any Broker
    let metrics: ShardMetrics
    /// What this loop's sessions hold and want of the broker.
    var client = BrokerClient()
    let clientEffects = EffectQueue<BrokerClient.Effect>()

    /// Parallel tables, one place per socket.
    var doors: [Door] = []
    private var occupants: [(any SlotOccupant)?] = []
    private var generations: [UInt32] = []
    private var free: [Int32] = []

    private var wheel: Wheel
    private var ticking: Scheduled<Void>?
    var rooms: [RoomName: Room] = [:]
    var dirtyRooms: [Room] = []
    var isWalkScheduled = false
    /// Clients that have ended, and whose names are to be given up.
    var ended = FIFO<(Connection, any Channel)>()
    /// Which of them has a name, by its key.
    var endedHolders: [String: Connection] = [:]
    /// What else is to be done for one client after the other.
    var chores = FIFO<Chore>()
    var areChoresScheduled = false
    /// How long a stretch of chores lasts; shorter in tests, so that a few clients take several.
    var choreTime = Limits.choreTime
    /// Sends of one stretch of a walk; fewer in tests, so that a small room has pauses.
    var sendsPerTurn = Limits.sendsPerTurn
    /// What a late client lacks, in one piece.
    var gathered: [UInt8] = []
    private var isTurnEndScheduled = false
    private var turnEnd = TurnEnd.none
    private var spareEffects: [Effect] = []
    private var random = SystemRandomPool()
    /// What the session that is being read from wants done.
    private var heard: [Effect] = []
    private(set) var isDraining = false
    /// The next place to be looked at by `sendElsewhere`.
    private var nextToSend = 0

    /// Made on its own loop.
    init(
        loop: any EventLoop,
        settings: ShardSettings,
        broker: any Broker,
        metrics: ShardMetrics
    ) {
        loop.preconditionInEventLoop()
        self.loop = loop
        self.settings = settings
        self.broker = broker
        self.metrics = metrics
        wheel = Wheel(now: Clock.now)
        scheduleTick()
    }

    /// The loop is about to end.
    func stop() {
        ticking?.cancel()
        ticking = nil
        metrics.stopped()
    }

    private func scheduleTick() {
        metrics.tickIsDue(at: Clock.now + Limits.wheelTick)
        let tick = TimeAmount.nanoseconds(Limits.wheelTick.inNanoseconds)
        ticking = loop.assumeIsolated().scheduleTask(in: tick) { [self] in
            metrics.ticked()
            scheduleTick()
            self.tick()
        }
    }
}

// MARK: - Places

extension Shard {
    /// Gives a new connection its place.
    func admit(_ occupant: any SlotOccupant) -> SocketID {
        settings.state.connected()
        metrics.connected()
        if let slot = free.popLast() {
            occupants[Int(slot)] = occupant
            return SocketID(slot: slot, generation: generations[Int(slot)])
        }
        occupants.append(occupant)
        doors.append(Door())
        generations.append(0)
        return SocketID(slot: Int32(occupants.count - 1), generation: 0)
    }

    /// Whether there are more connections than the operator wants.
    var isFull: Bool {
        guard let most = settings.maxConnections else { return false }
        return settings.state.connections > most
    }

    /// A connection speaks plain HTTP.
    func replace(_ id: SocketID, with entrance: Entrance) {
        occupants[Int(id.slot)] = entrance
    }

    /// A connection has become a WebSocket: its place is now that one's.
    func replace(_ id: SocketID, with connection: Connection, channel: any Channel) {
        occupants[Int(id.slot)] = connection
        metrics.upgraded()
        doors[Int(id.slot)] = Door(channel: channel)
    }

    /// A place is free again. Answers that are still on their way to it find nobody.
    func vacate(_ id: SocketID) {
        settings.state.disconnected()
        let slot = Int(id.slot)
        metrics.disconnected(occupants[slot] is Connection ? .websocket : .http)
        occupants[slot] = nil
        doors[slot] = Door()
        generations[slot] &+= 1
        free.append(id.slot)
    }

    func occupant(_ id: SocketID) -> (any SlotOccupant)? {
        let slot = Int(id.slot)
        return generations[slot] == id.generation ? occupants[slot] : nil
    }

    func connection(_ id: SocketID) -> Connection? {
        occupant(id) as? Connection
    }

    func connection(at slot: Int32) -> Connection? {
        occupants[Int(slot)] as? Connection
    }

    /// Asks for a reminder at, or up to one tick after, an instant.
    func remind(_ id: SocketID, at instant: Instant) {
        wheel.schedule(id, at: instant)
    }

    private func tick() {
        let now = Clock.now
        for id in wheel.advance(to: now) { doSoon(.remind(id)) }
        ask { $0.tick(now: now, into: &$1) }
        sendElsewhere(now)
        metrics.sweep(
            doors,
            waiting: { connection(at: Int32($0))?.waitingBytes ?? 0 },
            rooms,
            names: client.nameCount,
            now: now
        )
    }
}

// MARK: - Sessions

extension Shard {
    /// Lets a session take an event and carries out what it wants done, in order.
    func run(_ connection: Connection, _ event: (inout Session, inout [Effect]) -> Void) {
        // One buffer serves all sessions; a nested call, which is rare, makes its own.
        var effects: [Effect] = []
        swap(&effects, &spareEffects)
        event(&connection.session, &effects)
        var index = 0
        while index < effects.count {
            let effect = effects[index]
            index += 1
            carryOut(effect, of: connection)
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &spareEffects)
    }

    /// Lets a session hear a message. What it wants published is collected, so that the messages of
    /// one read are handed over together, until something else is wanted or `carryOutHeard` is called.
    func hear(_ text: RawSpan, from connection: Connection, at now: Instant) {
        if !Self.receive(text, now, &connection.session, &heard) { carryOutHeard(from: connection) }
    }

    /// True where everything that is wanted is to publish. Both are borrowed once: as properties of
    /// objects they cost 120 instructions each time.
    private static func receive(
        _ text: RawSpan,
        _ now: Instant,
        _ session: inout Session,
        _ heard: inout [Effect]
    ) -> Bool {
        session.receive(text, now: now, into: &heard)
        guard let last = heard.last else { return true }
        if case .publish = last { return true }
        return false
    }

    /// Carries out what has been collected, in order.
    func carryOutHeard(from connection: Connection) {
        var effects: [Effect] = []
        swap(&effects, &heard)
        guard !effects.isEmpty else { return }
        let now = Clock.now
        var index = 0
        while index < effects.count {
            if case .publish = effects[index] {
                ask { Self.publish(effects, from: &index, now, &$0, &$1) }
            } else {
                index += 1
                carryOut(effects[index - 1], of: connection)
            }
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &heard)
    }

    /// Passes on all messages that stand in a row.
    private static func publish(
        _ wanted: [Effect],
        from index: inout Int,
        _ now: Instant,
        _ client: inout BrokerClient,
        _ effects: inout [BrokerClient.Effect]
    ) {
        while index < wanted.count, case .publish(let draft) = wanted[index] {
            client.publish(draft, now: now, into: &effects)
            index += 1
        }
    }

    private func carryOut(_ effect: Effect, of connection: Connection) {
        switch effect {
        case .send(let message):
            connection.send(message)
        case .claim(let username):
            endHolder(of: username)
            ask {
                $0.claim(username, for: connection.id, using: &random, now: Clock.now, into: &$1)
            }
        case .release(let username):
            ask { $0.release(username, for: connection.id, into: &$1) }
        case .publish(let draft):
            ask { $0.publish(draft, now: Clock.now, into: &$1) }
        case .close(let code, let reason):
            connection.close(code, reason)
        case .finished:
            connection.sessionFinished()
        }
    }
}

// MARK: - The end of a turn

extension Shard {
    /// How far a turn's end has come that is under way.
    private enum TurnEnd {
        case none
        /// Calls are made; they leave, and the walk begins, when all are.
        case asking
        /// Calls leave. A broker in this process may answer at once, and deliver; the walk is next.
        case sending
    }

    /// What a turn of the loop has collected is done once, after all events of the turn: batches
    /// grow with load, and an idle node's message waits for nothing.
    func scheduleTurnEnd() {
        guard !isTurnEndScheduled else { return }
        isTurnEndScheduled = true
        loop.assumeIsolated().execute { [self] in endTurn() }
    }

    /// The broker has been asked for something.
    func callMade() {
        if turnEnd != .asking { scheduleTurnEnd() }
    }

    /// There is something to walk for.
    func roomIsDirty() {
        if turnEnd == .none { scheduleTurnEnd() }
    }

    private func endTurn() {
        isTurnEndScheduled = false
        turnEnd = .asking
        ask { $0.endTurn(now: Clock.now, into: &$1) }
        turnEnd = .sending
        broker.endTurn()
        turnEnd = .none
        walkDirtyRooms()
    }
}

// MARK: - Draining

extension Shard {
    /// Closes every connection, so many per tick that their return elsewhere is spread out.
    func drain() {
        isDraining = true
        drain(from: 0)
    }

    private func drain(from first: Int) {
        let end = min(first + Limits.drainsPerTurn, occupants.count)
        for slot in first..<max(end, first) { occupants[slot]?.drain() }
        guard end < occupants.count else { return }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(Limits.drainPauseMilliseconds)))
        {
            [self] in drain(from: end)
        }
    }

    /// A node that has been without its broker for too long sends its clients elsewhere, so many a
    /// tick; new ones it sends on at once.
    private func sendElsewhere(_ now: Instant) {
        guard settings.state.isLost(now) else { return nextToSend = 0 }
        let end = min(nextToSend + Limits.drainsPerTurn, occupants.count)
        for slot in nextToSend..<max(end, nextToSend) {
            (occupants[slot] as? Connection)?.sendElsewhere()
        }
        nextToSend = end < occupants.count ? end : 0
    }

    /// Cuts whoever is left. The answer is how many they were.
    func cutAll() -> Int {
        let left = occupants.compactMap { $0 }
        for occupant in left { occupant.cut() }
        return left.count
    }
}
