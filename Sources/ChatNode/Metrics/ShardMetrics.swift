import ChatCore
import CoreMetrics
import Synchronization

/// What one loop counts.
///
/// On: its loop. Cost: an addition in memory that no other loop writes to. Nothing is looked up by a
/// name, and nothing is counted for each recipient: a walk adds up what it has sent.
final class ShardMetrics {
    private let connections: Labelled<ConnectionKind, Meter>
    private let handshakes: Labelled<HandshakeResult, Counter>
    private let disconnects: Labelled<DisconnectReason, Counter>
    private let acceptPauses: Counter
    private let received: Counter
    private let published: Labelled<PublishResult, Counter>
    private let delivered: Counter
    private let deliveredBytes: Counter
    private let delivery: Timer
    private let batch: Recorder
    private let errors: Labelled<ErrorCode, Counter>
    private let nameClaims: Labelled<ClaimResult, Counter>
    private let namesLost: Counter

    // Looked at once in a while.
    private let names: Gauge
    private let blockedClients: Gauge
    private let queuedBytes: Gauge
    private let queuedMessages: Gauge
    private var sweptAt = Instant.distantPast

    private let loopLag: Timer
    private let nextTick: NextTick

    /// When a loop's next tick is due: also read by others.
    private final class NextTick: Sendable {
        let nanoseconds = Atomic<Int64>(Instant.distantFuture.nanoseconds)
    }

    init(_ registry: MetricsRegistry, loop: Int) {
        let factory = CellFactory(registry: registry, writers: .one)
        func counter(_ family: Family, _ labels: [(String, String)] = []) -> Counter {
            Counter(label: family.name, dimensions: labels, factory: factory)
        }
        func gauge(_ family: Family) -> Gauge { Gauge(label: family.name, factory: factory) }
        connections = Labelled("kind") {
            Meter(label: Family.connections.name, dimensions: $0, factory: factory)
        }
        handshakes = Labelled("result") { counter(.handshakes, $0) }
        disconnects = Labelled("reason") { counter(.disconnects, $0) }
        acceptPauses = counter(.acceptPauses)
        received = counter(.received)
        published = Labelled("result") { counter(.published, $0) }
        delivered = counter(.delivered)
        deliveredBytes = counter(.deliveredBytes)
        delivery = Timer(label: Family.delivery.name, factory: factory)
        batch = Recorder(label: Family.batch.name, factory: factory)
        errors = Labelled("code") { counter(.errors, $0) }
        nameClaims = Labelled("result") { counter(.nameClaims, $0) }
        namesLost = counter(.namesLost)
        names = gauge(.names)
        blockedClients = gauge(.blockedClients)
        queuedBytes = gauge(.queuedBytes)
        queuedMessages = gauge(.queuedMessages)
        let labels = [("loop", "\(loop)")]
        loopLag = Timer(label: Family.loopLag.name, dimensions: labels, factory: factory)
        let nextTick = NextTick()
        self.nextTick = nextTick
        registry.observe(.loopOverdue, labels) {
            let due = Instant(nanoseconds: nextTick.nanoseconds.load(ordering: .relaxed))
            return max(.zero, Clock.now - due) / .seconds(1)
        }
    }
}

// MARK: - Connections

extension ShardMetrics {
    /// Somebody has connected.
    func connected() { connections[.http].increment() }

    /// A connection has become a WebSocket.
    func upgraded() {
        connections[.http].decrement()
        connections[.websocket].increment()
    }

    /// A connection of that kind is gone.
    func disconnected(_ kind: ConnectionKind) { connections[kind].decrement() }

    /// A request for a WebSocket has been decided.
    func handshake(_ result: HandshakeResult) { handshakes[result].increment() }

    /// A WebSocket is over, or about to be. Once for each.
    func ended(_ reason: DisconnectReason) { disconnects[reason].increment() }

    /// Nobody is accepted for a moment.
    func acceptPaused() { acceptPauses.increment() }
}

// MARK: - Messages

extension ShardMetrics {
    /// A client has said something.
    func messageCame() { received.increment() }

    /// So many things that a client said have come to an end.
    func settled(_ settlement: Settlement, _ count: Int) {
        published[PublishResult(settlement)].increment(by: count)
    }

    /// A walk has handed out so much.
    func sent(_ tally: SendTally) {
        guard tally.messages > 0 else { return }
        delivered.increment(by: tally.messages)
        deliveredBytes.increment(by: tally.bytes)
    }

    /// A walk has offered everybody what came then.
    func walked(since arrival: Instant) {
        delivery.record(since: arrival, now: Clock.now)
    }

    /// The broker is asked for something.
    func called(_ call: BrokerCall) {
        if case .publish(let call) = call { batch.record(call.drafts.count) }
    }

    /// A client is told something.
    func told(_ message: ServerMessage) {
        switch message {
        case .loggedIn: nameClaims[.granted].increment()
        case .loginFailure(_, let reason, _, _): nameClaims[ClaimResult(reason)].increment()
        case .loggedOut(_, reason: .leaseLost): namesLost.increment()
        case .loggedOut(_, reason: nil): break
        case .error(_, let code, _, _): errors[code].increment()
        }
    }
}

/// What a walk has handed to sockets so far.
struct SendTally {
    private(set) var messages = 0
    private(set) var bytes = 0

    mutating func add(messages: Int, bytes: Int) {
        self.messages &+= messages
        self.bytes &+= bytes
    }
}

// MARK: - Ticks

extension ShardMetrics {
    /// The loop's next tick is due then.
    func tickIsDue(at instant: Instant) {
        nextTick.nanoseconds.store(instant.nanoseconds, ordering: .relaxed)
    }

    /// It has come.
    func ticked() {
        let due = Instant(nanoseconds: nextTick.nanoseconds.load(ordering: .relaxed))
        loopLag.record(since: due, now: Clock.now)
    }

    /// There will be none any more.
    func stopped() {
        tickIsDue(at: .distantFuture)
    }

    /// Looks at what waits, where that is due: to count it all along would put something on the way
    /// of every message.
    ///
    /// Cost: about a nanosecond for each socket and member, once a second.
    func sweep(
        _ doors: [Door],
        waiting: (Int) -> Int,
        _ rooms: [RoomName: Room],
        names count: Int,
        now: Instant
    ) {
        guard now >= sweptAt + Limits.metricsSweep else { return }
        sweptAt = now
        var blocked = 0
        var bytes = 0
        for index in doors.indices where doors[index].isBlocked {
            blocked += 1
            bytes += waiting(index)
        }
        blockedClients.record(blocked)
        queuedBytes.record(bytes)
        queuedMessages.record(rooms.values.reduce(0) { $0 + $1.messagesBehind })
        names.record(count)
    }
}
