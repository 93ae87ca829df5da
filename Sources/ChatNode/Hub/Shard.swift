import ChatCore
import ChatSupport
import NIOCore

/// What occupies a place in a shard's table: a WebSocket, or a connection that may become one.
protocol SlotOccupant: AnyObject {
    /// Checks whether anything is due; the wheel calls it.
    func remind(now: Instant)
    /// Closes the connection, because the node is leaving.
    func drain()
    /// Closes the connection without a close frame, because the time to leave is up.
    func cut()
}

/// Everything that one event loop owns: its sockets, their rooms, what they have to send.
///
/// It is not `Sendable` and has no lock, actor or `await`: what comes from other loops comes
/// through `Hub`, once per batch.
final class Shard {
    let loop: any EventLoop
    let settings: ShardSettings
    let broker: any Broker
    let metrics: ShardMetrics
    /// What this loop's sessions hold, and want of the broker.
    var client: BrokerClient
    let clientEffects = EffectQueue<BrokerClient.Effect>()

    /// Layout: parallel tables with one place per socket.
    var writers: [SocketWriter] = []
    private(set) var occupants: [(any SlotOccupant)?] = []
    private var generations: [UInt32] = []
    private var free: [Int32] = []

    private var wheel: Wheel
    private var ticking: Scheduled<Void>?
    var rooms: [RoomName: Room] = [:]
    /// The room that messages were delivered to last; nil if it is gone.
    var latestRoom: Room?
    /// What is read of rooms' logs, and for whom.
    var logs = LogReads()
    /// The rooms for which clients wait that come from a node that is ahead of this one.
    var roomsWithEarlyJoins: [Room] = []
    var dirtyTables: [MemberTable] = []
    var isBroadcastScheduled = false
    /// Clients that have ended and whose names are still to be given up.
    var ended = FIFO<(Connection, any Channel)>()
    /// Those of them that hold a name, by its key.
    var endedHolders: [String: Connection] = [:]
    /// What else is to be done, client by client.
    var deferredWork = FIFO<DeferredWork>()
    var isDeferredWorkScheduled = false
    /// How long one batch of deferred work lasts; shorter in tests, so that a few clients take
    /// several batches.
    var deferredWorkTime = Limits.deferredWorkTime
    /// The number of sends in one turn of a broadcast; fewer in tests, so that a small room has
    /// pauses.
    var sendsPerTurn = Limits.sendsPerTurn
    /// What a late client lacks, in one piece.
    var gathered: [UInt8] = []
    var isTurnEndScheduled = false
    var turnEnd = TurnEnd.none
    private var spareEffects: [Session.Effect] = []
    var random = SystemRandomPool()
    /// The effects of the session that is being read from.
    private var collected: [Session.Effect] = []
    var isDraining = false
    var status = ServiceStatus()
    /// The next place that `sendElsewhere` comes to.
    var nextToSend = 0

    /// Must be called on the shard's own loop.
    init(
        loop: any EventLoop,
        settings: ShardSettings,
        broker: any Broker,
        metrics: ShardMetrics
    ) {
        loop.preconditionInEventLoop()
        self.loop = loop
        self.settings = settings
        client = BrokerClient(linger: settings.nameLinger)
        self.broker = broker
        self.metrics = metrics
        wheel = Wheel(now: Clock.now)
        scheduleTick()
    }

    /// Stops the tick, because the loop is about to end.
    func stop() {
        ticking?.cancel()
        ticking = nil
        metrics.stopped()
    }

    /// Computed once, because an idle node pays for it at every tick.
    private static let tickNanoseconds = Limits.wheelTick.inNanoseconds

    private func scheduleTick() {
        let tick = Self.tickNanoseconds
        metrics.tickIsDue(at: Instant(nanoseconds: Clock.now.nanoseconds + tick))
        ticking = loop.assumeIsolated().scheduleTask(in: .nanoseconds(tick)) { [self] in
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
        writers.append(SocketWriter())
        generations.append(0)
        return SocketID(slot: Int32(occupants.count - 1), generation: 0)
    }

    /// Whether no more connections are taken: the node is about to leave, or has more than the operator
    /// wants.
    var isFull: Bool {
        if isDraining { return true }
        guard let most = settings.maxConnections else { return false }
        return settings.state.connections > most
    }

    /// Replaces the occupant of a place after its connection turned out to speak plain HTTP.
    func replace(_ id: SocketID, with occupant: any SlotOccupant) {
        occupants[Int(id.slot)] = occupant
    }

    /// Replaces the occupant of a place after its connection has become a WebSocket.
    func replace(_ id: SocketID, with connection: Connection, channel: any Channel) {
        occupants[Int(id.slot)] = connection
        metrics.upgraded()
        writers[Int(id.slot)] = SocketWriter(channel: channel)
    }

    /// Frees a place. Answers that are still on their way to it are dropped.
    func vacate(_ id: SocketID) {
        settings.state.disconnected()
        let slot = Int(id.slot)
        metrics.disconnected(occupants[slot] is Connection ? .websocket : .http)
        occupants[slot] = nil
        writers[slot] = SocketWriter()
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
        for id in wheel.advance(to: now) { deferWork(.remind(id)) }
        updateClient { $0.tick(now: now, into: &$1) }
        giveUpEarlyJoins(now)
        giveUpPages(now)
        updateStatus(now)
        sendElsewhere(now)
        metrics.sweep(now: now, queues)
    }
}

// MARK: - Sessions

extension Shard {
    /// Hands an event to a session and carries out the effects that it wants, in order.
    func updateSession(
        of connection: Connection,
        _ event: (inout Session, inout [Session.Effect]) -> Void
    ) {
        // One buffer serves all sessions; a nested call, which is rare, makes its own.
        var effects: [Session.Effect] = []
        swap(&effects, &spareEffects)
        event(&connection.session, &effects)
        var index = 0
        while index < effects.count {
            let effect = effects[index]
            if case .tell = effect {
                tell(effects, from: &index, connection)
            } else {
                index += 1
                carryOut(effect, of: connection)
            }
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &spareEffects)
    }

    /// Tells a client of successive events in one send: the answer to a call settles many messages.
    private func tell(
        _ effects: [Session.Effect],
        from index: inout Int,
        _ connection: Connection
    ) {
        var frames: [UInt8] = []
        while index < effects.count, case .tell(let event) = effects[index] {
            connection.append(event, to: &frames)
            index += 1
        }
        if !frames.isEmpty { connection.sendPrivate(frames) }
    }

    /// Hands a message to a session. Publications that the session asks for are collected until it
    /// asks for something else or `carryOutCollected` is called, so that the messages of one read are
    /// handed over together.
    func receive(_ text: RawSpan, from connection: Connection, at now: Instant) {
        if !Self.collect(text, connection.dialect, now, &connection.session, &collected) {
            carryOutCollected(of: connection)
        }
    }

    /// Returns whether all collected effects are publications. The last two are borrowed once:
    /// accessed as properties of objects they cost 120 instructions each time.
    private static func collect(
        _ text: RawSpan,
        _ dialect: Dialect,
        _ now: Instant,
        _ session: inout Session,
        _ collected: inout [Session.Effect]
    ) -> Bool {
        dialect.receive(text, by: &session, now: now, into: &collected)
        guard let last = collected.last else { return true }
        if case .publish = last { return true }
        return false
    }

    /// Carries out the collected effects, in order.
    func carryOutCollected(of connection: Connection) {
        var effects: [Session.Effect] = []
        swap(&effects, &collected)
        guard !effects.isEmpty else { return }
        let now = Clock.now
        var index = 0
        while index < effects.count {
            if case .publish = effects[index] {
                updateClient { Self.publish(effects, from: &index, now, &$0, &$1) }
            } else {
                index += 1
                carryOut(effects[index - 1], of: connection)
            }
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &collected)
    }

    /// Hands over all publications from `index` on, up to the next other effect.
    private static func publish(
        _ wanted: [Session.Effect],
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

    private func carryOut(_ effect: Session.Effect, of connection: Connection) {
        switch effect {
        case .tell(let event):
            connection.tell(event)
        case .claim(let username):
            claim(username, isResumable: false, proof: nil, for: connection)
        case .claimResumable(let username, let proof):
            claim(username, isResumable: true, proof: proof, for: connection)
        case .cancelClaim:
            updateClient { $0.cancelClaim(for: connection.id, into: &$1) }
        case .release(let username, let action):
            updateClient {
                $0.release(username, for: connection.id, action, now: Clock.now, into: &$1)
            }
        case .publish(let draft):
            updateClient { $0.publish(draft, now: Clock.now, into: &$1) }
        case .enter where !isListening(connection), .hear where !isListening(connection),
            .readHistory where !isListening(connection):
            // What it waits for has come too late.
            break
        case .enter(let room):
            updateClient { $0.enter(room, for: connection.id, now: Clock.now, into: &$1) }
        case .hear(let room, let start):
            hear(room, from: start, by: connection)
        case .readHistory(let room, let range, let subject):
            readHistory(room, range, subject, by: connection)
        case .leave(let room):
            leave(room, connection)
        case .close(let code, let reason):
            connection.close(code, "\(reason)")
        case .finished:
            connection.sessionFinished()
        }
    }
}
