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
    private(set) var port: any Port

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
    /// What a late client lacks, in one piece.
    var gathered: [UInt8] = []
    private var outboxes: [RoomName: Outbox] = [:]
    /// Rooms whose next call may leave.
    private var speaking: [RoomName] = []
    private var isTurnEndScheduled = false
    private var spareEffects: [Effect] = []
    private(set) var isDraining = false

    /// Made on its own loop.
    init(
        loop: any EventLoop,
        settings: ShardSettings,
        port: any Port
    ) {
        loop.preconditionInEventLoop()
        self.loop = loop
        self.settings = settings
        self.port = port
        wheel = Wheel(now: Clock.now)
        scheduleTick()
    }

    /// The loop is about to end.
    func stop() {
        ticking?.cancel()
        ticking = nil
    }

    private func scheduleTick() {
        let tick = TimeAmount.nanoseconds(Limits.wheelTick.inNanoseconds)
        ticking = loop.assumeIsolated().scheduleTask(in: tick) { [self] in
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
        if let slot = free.popLast() {
            occupants[Int(slot)] = occupant
            return SocketID(slot: slot, generation: generations[Int(slot)])
        }
        occupants.append(occupant)
        doors.append(Door())
        generations.append(0)
        return SocketID(slot: Int32(occupants.count - 1), generation: 0)
    }

    /// A connection has become a WebSocket: its place is now that one's.
    func replace(_ id: SocketID, with connection: Connection, channel: any Channel) {
        occupants[Int(id.slot)] = connection
        doors[Int(id.slot)] = Door(channel: channel)
    }

    /// A place is free again. Answers that are still on their way to it find nobody.
    func vacate(_ id: SocketID) {
        settings.state.disconnected()
        let slot = Int(id.slot)
        occupants[slot] = nil
        doors[slot] = Door()
        generations[slot] &+= 1
        free.append(id.slot)
    }

    private func occupant(_ id: SocketID) -> (any SlotOccupant)? {
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
        for id in wheel.advance(to: now) {
            occupant(id)?.remind(now: now)
        }
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
            carryOut(effect, of: connection, &effects)
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &spareEffects)
    }

    private func carryOut(_ effect: Effect, of connection: Connection, _ next: inout [Effect]) {
        switch effect {
        case .send(let message):
            connection.send(message)
        case .claim(let username):
            claim(username, for: connection.id)
        case .release(let proof):
            port.release(proof, for: connection.id)
            scheduleTurnEnd()
        case .publish(let draft):
            let wasReady = outboxes[draft.room]?.isReady ?? false
            if outboxes[draft.room, default: Outbox()].add(draft) {
                if !wasReady { noteReady(draft.room) }
            } else {
                connection.session.unsent(Self.busy, numbered: false, into: &next)
            }
        case .close(let code, let reason):
            connection.close(code, reason)
        case .finished:
            connection.sessionFinished()
        }
    }

    private static let busy = "The node cannot send that much at present; try again in a moment"

    private func claim(_ username: Username, for id: SocketID) {
        var random = SystemRandomNumberGenerator()
        let claim = Claim(
            username: username,
            incarnation: settings.incarnation,
            session: SessionID(using: &random),
            lineage: Lineage(using: &random)
        )
        port.claim(claim, for: id)
        scheduleTurnEnd()
    }
}

extension Shard: BrokerEvents, NameEvents {
    func claimed(_ socket: SocketID, _ answer: ClaimAnswer) {
        guard let connection = connection(socket) else { return }
        run(connection) { $0.claimed(answer, into: &$1) }
    }

    func released(_ socket: SocketID) {
        guard let connection = connection(socket) else { return }
        run(connection) { $0.released(into: &$1) }
    }

    func published(_ room: RoomName, _ answer: PublishAnswer) {
        guard let batch = outboxes[room]?.answered() else { return }
        endBatch(of: room)
        for (index, sealed) in batch.enumerated() {
            let connection = sender(of: sealed.draft)
            switch answer {
            case .verdicts(let verdicts):
                run(connection) { $0.settled(verdicts[index], into: &$1) }
            case .unavailable(let reason):
                run(connection) { $0.unsent(reason, numbered: true, into: &$1) }
            }
        }
    }

    /// A room's outbox has nothing in flight any more.
    private func endBatch(of room: RoomName) {
        if outboxes[room]?.isEmpty == true { outboxes[room] = nil } else { noteReady(room) }
    }

    private func sender(of draft: Draft) -> Connection {
        guard let connection = connection(draft.sender) else {
            preconditionFailure("a session outlives its messages")
        }
        return connection
    }

    /// A message waits: unless a call for its room is in flight, it leaves when the turn ends.
    private func noteReady(_ room: RoomName) {
        guard outboxes[room]?.isReady == true else { return }
        speaking.append(room)
        scheduleTurnEnd()
    }
}

// MARK: - The end of a turn

extension Shard {
    /// What a turn of the loop has collected is done once, after all events of the turn: batches
    /// grow with load, and an idle node's message waits for nothing.
    func scheduleTurnEnd() {
        guard !isTurnEndScheduled else { return }
        isTurnEndScheduled = true
        loop.assumeIsolated().execute { [self] in
            isTurnEndScheduled = false
            flushOutboxes()
            port.endTurn()
            walkDirtyRooms()
        }
    }

    private func flushOutboxes() {
        let ready = speaking
        speaking = []
        for room in ready { flushOutbox(of: room) }
    }

    private func flushOutbox(of room: RoomName) {
        var lost: [Connection] = []
        let batch = outboxes[room]?.nextBatch { draft in
            let connection = sender(of: draft)
            if let sealed = connection.session.seal(draft) { return sealed }
            lost.append(connection)
            return nil
        }
        if let batch {
            port.publish(PublishCall(room: room, drafts: batch))
        } else {
            endBatch(of: room)
        }
        for connection in lost {
            run(connection) { $0.settled(.fenced, into: &$1) }
        }
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

    /// Cuts whoever is left. The answer is how many they were.
    func cutAll() -> Int {
        let left = occupants.compactMap { $0 }
        for occupant in left { occupant.cut() }
        return left.count
    }
}
