import ChatCore
import ChatSupport
import CoreMetrics
import Synchronization

/// Counts what happens on one loop.
///
/// On: its loop. Cost: an addition in memory that no other loop writes to. Nothing is looked up by
/// name, and nothing is counted for each recipient: a broadcast adds up what it has sent.
final class ShardMetrics {
    private let connections: Labelled<ConnectionKind, Meter>
    private let handshakes: Labelled<HandshakeResult, Counter>
    private let disconnects: Labelled<DisconnectReason, Counter>
    private let acceptPauses: Counter
    private let received: Counter
    private let published: Labelled<PublishResult, Counter>
    private let delivered: Counter
    private let deliveredBytes: Counter
    private let presenceFrames: Counter
    private let presenceBytes: Counter
    private let delivery: Timer
    private let batch: Recorder
    private let claimBatch: Recorder
    private let errors: Labelled<ErrorCode, Counter>
    private let nameGrants: Counter
    private let nameResumes: Counter
    private let namePostponements: Counter
    private let nameRefusals: Labelled<LoginFailureReason, Counter>
    private let namesLost: Counter

    // Set by `sweep`.
    private let names: Gauge
    private let blockedClients: Gauge
    private let queuedBytes: Gauge
    private let queuedMessages: Gauge
    private var sweptAt = Instant.distantPast

    private let loopLag: Timer
    private let nextTick: NextTick

    /// When a loop's next tick is due; other threads read it too.
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
        presenceFrames = counter(.presenceFrames)
        presenceBytes = counter(.presenceBytes)
        delivery = Timer(label: Family.delivery.name, factory: factory)
        batch = Recorder(label: Family.batch.name, factory: factory)
        claimBatch = Recorder(label: Family.claimBatch.name, factory: factory)
        errors = Labelled("code") { counter(.errors, $0) }
        nameGrants = counter(.nameClaims, [("result", "granted")])
        nameResumes = counter(.nameClaims, [("result", "resumed")])
        namePostponements = counter(.nameClaims, [("result", "postponed")])
        nameRefusals = Labelled("result") { counter(.nameClaims, $0) }
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
    /// Counts a new connection.
    func connected() { connections[.http].increment() }

    /// Notes that a connection has become a WebSocket.
    func upgraded() {
        connections[.http].decrement()
        connections[.websocket].increment()
    }

    /// Notes that a connection of that kind is gone.
    func disconnected(_ kind: ConnectionKind) { connections[kind].decrement() }

    /// Counts a decided request for a WebSocket.
    func handshake(_ result: HandshakeResult) { handshakes[result].increment() }

    /// Counts a WebSocket that has ended, or is about to; called once for each.
    func ended(_ reason: DisconnectReason) { disconnects[reason].increment() }

    /// Counts a pause in which no connection is accepted.
    func acceptPaused() { acceptPauses.increment() }
}

// MARK: - Messages

extension ShardMetrics {
    /// Counts a message that a client has sent.
    func messageCame() { received.increment() }

    /// Counts messages of clients that are settled.
    func settled(_ settlement: Settlement, _ count: Int) {
        published[PublishResult(settlement)].increment(by: count)
    }

    /// Counts what a broadcast has sent.
    func sent(_ tally: SendTally) {
        guard tally.messages > 0 else { return }
        delivered.increment(by: tally.messages)
        deliveredBytes.increment(by: tally.bytes)
    }

    /// Counts what members were told of who is present.
    func toldPresence(_ tally: SendTally) {
        guard tally.messages > 0 else { return }
        presenceFrames.increment(by: tally.messages)
        presenceBytes.increment(by: tally.bytes)
    }

    /// Records how long the messages took, after a broadcast has reached every member with them.
    func broadcastEnded(since arrival: Instant) {
        delivery.record(since: arrival, now: Clock.now)
    }

    /// Counts a call to the broker.
    func called(_ call: BrokerCall) {
        switch call {
        case .publish(let call): batch.record(call.drafts.count)
        case .claims(let call): claimBatch.record(call.claims.count)
        case .release, .presence: break
        }
    }

    /// Counts what one client is told.
    func told(_ event: Session.Event) {
        switch event {
        case .granted(_, _, let login):
            (login.isResumed ? nameResumes : nameGrants).increment()
        case .notGranted(_, .crowded): namePostponements.increment()
        case .notGranted(_, let why): nameRefusals[why.reason].increment()
        case .released, .joined, .synced, .reset, .gap, .history, .accepted, .pong, .status: break
        case .nameLost(_, isReplaced: false): namesLost.increment()
        // Counted as a disconnection.
        case .nameLost(_, isReplaced: true): break
        case .refused(let why, _, _): errors[why.code].increment()
        }
    }
}

/// The messages, or other frames, and bytes that a pass over members has sent so far.
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
    /// Notes when the loop's next tick is due.
    func tickIsDue(at instant: Instant) {
        nextTick.nanoseconds.store(instant.nanoseconds, ordering: .relaxed)
    }

    /// Records how late a tick has come.
    func ticked() {
        let due = Instant(nanoseconds: nextTick.nanoseconds.load(ordering: .relaxed))
        loopLag.record(since: due, now: Clock.now)
    }

    /// Notes that there will be no further ticks.
    func stopped() {
        tickIsDue(at: .distantFuture)
    }

    /// What waits on a loop.
    struct Queues {
        /// The number of names that the loop's clients hold.
        var names: Int
        /// The number of clients whose sockets take nothing at present.
        var blockedClients = 0
        /// The number of bytes of private frames that wait for them.
        var bytes = 0
        /// The number of messages that all members of all rooms have still to get.
        var messages = 0
    }

    /// Records the queues, if that is due: to count them continuously would add work to every
    /// message.
    ///
    /// Cost: about a nanosecond for each socket and member, once a second.
    func sweep(now: Instant, _ count: () -> Queues) {
        guard now >= sweptAt + Limits.metricsSweep else { return }
        sweptAt = now
        let queues = count()
        blockedClients.record(queues.blockedClients)
        queuedBytes.record(queues.bytes)
        queuedMessages.record(queues.messages)
        names.record(queues.names)
    }
}
