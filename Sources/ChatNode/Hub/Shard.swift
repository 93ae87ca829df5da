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
    /// The operator's removals that have no answer yet, and the number of the last one.
    var moderations: [Int: EventLoopPromise<BrokerClient.Moderation>] = [:]
    var lastModeration = 0
    /// What clients need of rooms' histories.
    var requests = LogRequests()
    let requestEffects = EffectQueue<LogRequests.Effect>()
    /// The rooms with pages of their logs in front of their backlogs.
    var roomsWithPages: [Room] = []
    /// The rooms in which users write.
    var typingRooms: [Room] = []
    /// Where clients stand in their rooms that know positions and whose sockets take nothing more.
    var stalled: [SocketID: [(room: Room, position: Position)]] = [:]
    /// The bytes that were delivered since the backlogs were weighed.
    var unweighedBytes = 0
    /// The bounds of the backlogs; lower in tests.
    var maxBacklogBytes = Limits.nodeBacklogBytes
    var weighingBytes = Limits.backlogWeighingBytes
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
    var spareEffects: [Session.Effect] = []
    var random = SystemRandomPool()
    /// The effects of the session that is being read from.
    var collected: [Session.Effect] = []
    var isDraining = false
    private var handshakes: ArrivalLimit
    var status = ServiceStatus()
    /// The clients that are to be told that the node is not degraded any more, once their rooms are caught
    /// up with.
    var awaitingOk: [SocketID] = []
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
        client = BrokerClient(linger: settings.nameLinger, arrivals: settings.logins)
        handshakes = settings.handshakes
        self.broker = broker
        self.metrics = metrics
        wheel = Wheel(now: Clock.now)
        scheduleTick()
    }

    /// Whether the loop is about to end.
    var isStopped: Bool { ticking == nil }

    /// Stops the tick, because the loop is about to end.
    func stop() {
        ticking?.cancel()
        ticking = nil
        metrics.stopped()
        for promise in moderations.values {
            promise.succeed(.unavailable(reason: BrokerClient.lostTouch))
        }
        moderations = [:]
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

    /// Lets a connection become a WebSocket whose request is accepted.
    ///
    /// Fails: if too many have come.
    func letIn() throws(Admission.Refusal) {
        if let wait = handshakes.admit(now: Clock.now) { throw .crowded(retryAfter: wait) }
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
        updateRequests { $0.tick(now: now, in: self, into: &$1) }
        releasePages(now)
        tellTyping(now)
        updateStatus(now)
        sendElsewhere(now)
        metrics.sweep(now: now, queues)
    }
}
