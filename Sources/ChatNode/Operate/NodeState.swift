import ChatCore
import Synchronization

/// What a node tells the outside about itself. Read on every loop, changed by the control plane.
final class NodeState: Sendable {
    enum Readiness: UInt8 {
        case starting
        case ready
        case draining
    }

    /// The label in `logged_in`.
    let label: String
    private let readinessValue = Atomic<UInt8>(Readiness.starting.rawValue)
    private let connectionCount = Atomic<Int>(0)
    private let backendText = Mutex("")
    /// Since when something of the broker is missing, in nanoseconds; `present` where nothing is.
    private let missingSince: Atomic<Int64>
    private static let present = Int64.max
    /// Hears once why the node cannot go on, if that happens. For one listener.
    let failures: AsyncStream<NodeFailure>
    private let failing: AsyncStream<NodeFailure>.Continuation
    private let namesSureUntilValue = Atomic<Int64>(Instant.distantPast.nanoseconds)

    /// A node of that name that has had no broker since an instant; nil: it has one.
    init(label: String, withoutBrokerSince since: Instant? = nil) {
        self.label = label
        (failures, failing) = AsyncStream.makeStream()
        missingSince = Atomic(since?.nanoseconds ?? Self.present)
    }

    var readiness: Readiness {
        get { Readiness(rawValue: readinessValue.load(ordering: .acquiring)) ?? .starting }
        set { readinessValue.store(newValue.rawValue, ordering: .releasing) }
    }

    /// The first start is complete, unless the node was told to leave before. True if it is ready now
    /// by this.
    func becomeReady() -> Bool {
        readinessValue.compareExchange(
            expected: Readiness.starting.rawValue,
            desired: Readiness.ready.rawValue,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// The node cannot go on: whoever runs it is to let its clients leave, and to end the process.
    ///
    /// On: any thread.
    func fail(_ failure: NodeFailure) {
        failing.yield(failure)
        failing.finish()
    }

    /// Whether the node wants clients: `/readyz`.
    func isReady(_ now: Instant) -> Bool {
        readiness == .ready && timeWithoutBroker(now) < Limits.readyWithoutRedis
    }

    /// Until then the node can prove that its names are its own, as its lease has it.
    var namesSureUntil: Instant {
        get { Instant(nanoseconds: namesSureUntilValue.load(ordering: .relaxed)) }
        set { namesSureUntilValue.store(newValue.nanoseconds, ordering: .relaxed) }
    }

    /// Since when the node is without its broker; nil where it has all of it.
    var withoutBrokerSince: Instant? {
        get {
            let since = missingSince.load(ordering: .relaxed)
            return since == Self.present ? nil : Instant(nanoseconds: since)
        }
        set { missingSince.store(newValue?.nanoseconds ?? Self.present, ordering: .relaxed) }
    }

    /// How long it has been without.
    func timeWithoutBroker(_ now: Instant) -> Duration {
        withoutBrokerSince.map { now - $0 } ?? .zero
    }

    /// It has been without for so long that its clients are better off elsewhere.
    func isLost(_ now: Instant) -> Bool {
        timeWithoutBroker(now) >= Limits.plainWithoutRedis
    }

    /// What the node stands before, for people; empty where that is its own memory.
    var backend: String {
        get { backendText.withLock { $0 } }
        set { backendText.withLock { $0 = newValue } }
    }

    /// Connections of all loops, WebSockets or not yet.
    var connections: Int { connectionCount.load(ordering: .relaxed) }

    func connected() {
        connectionCount.add(1, ordering: .relaxed)
    }

    func disconnected() {
        connectionCount.subtract(1, ordering: .relaxed)
    }
}
