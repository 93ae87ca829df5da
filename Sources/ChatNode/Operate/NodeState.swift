import ChatCore
import Synchronization

/// What a node tells the outside about itself.
///
/// On: any thread reads it; the task that starts and ends the node changes it.
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
    /// Since when something of the broker is missing, in nanoseconds; `present` if nothing is.
    private let missingSince: Atomic<Int64>
    private static let present = Int64.max
    /// Delivers once why the node cannot go on, if that happens; for one reader.
    let failures: AsyncStream<NodeFailure>
    private let failing: AsyncStream<NodeFailure>.Continuation
    private let leaseExpiryValue = Atomic<Int64>(Instant.distantPast.nanoseconds)

    /// Makes the state of a node that has had no broker since an instant; nil means that it has
    /// one.
    init(label: String, withoutBrokerSince since: Instant? = nil) {
        self.label = label
        (failures, failing) = AsyncStream.makeStream()
        missingSince = Atomic(since?.nanoseconds ?? Self.present)
    }

    var readiness: Readiness {
        get { Readiness(rawValue: readinessValue.load(ordering: .acquiring)) ?? .starting }
        set { readinessValue.store(newValue.rawValue, ordering: .releasing) }
    }

    /// Notes that the first start is complete, unless the node was told to leave before. Returns
    /// whether this call has made it ready.
    func becomeReady() -> Bool {
        readinessValue.compareExchange(
            expected: Readiness.starting.rawValue,
            desired: Readiness.ready.rawValue,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Reports that the node cannot go on: the reader of `failures` must let its clients leave, and
    /// end the process.
    ///
    /// On: any thread.
    func fail(_ failure: NodeFailure) {
        failing.yield(failure)
        failing.finish()
    }

    /// Whether the node wants clients: the answer of `/readyz`.
    func isReady(_ now: Instant) -> Bool {
        readiness == .ready && timeWithoutBroker(now) < Limits.readyWithoutRedis
    }

    /// Until when the node can prove that its names are its own: the expiry of its lease.
    var leaseExpiry: Instant {
        get { Instant(nanoseconds: leaseExpiryValue.load(ordering: .relaxed)) }
        set { leaseExpiryValue.store(newValue.nanoseconds, ordering: .relaxed) }
    }

    /// Since when the node is without its broker; nil if it has all of it.
    var withoutBrokerSince: Instant? {
        get {
            let since = missingSince.load(ordering: .relaxed)
            return since == Self.present ? nil : Instant(nanoseconds: since)
        }
        set { missingSince.store(newValue?.nanoseconds ?? Self.present, ordering: .relaxed) }
    }

    /// How long the node has been without its broker.
    func timeWithoutBroker(_ now: Instant) -> Duration {
        withoutBrokerSince.map { now - $0 } ?? .zero
    }

    /// Whether the node has been without its broker for so long that its clients are better off
    /// elsewhere.
    func isLost(_ now: Instant) -> Bool {
        // Nearly always nothing is missing, and every tick asks.
        guard let since = withoutBrokerSince else { return false }
        return now - since >= Limits.plainWithoutRedis
    }

    /// The backend's address, for people; empty if the backend is the node's own memory.
    var backend: String {
        get { backendText.withLock { $0 } }
        set { backendText.withLock { $0 = newValue } }
    }

    /// The number of connections of all loops, WebSockets or not.
    var connections: Int { connectionCount.load(ordering: .relaxed) }

    func connected() {
        connectionCount.add(1, ordering: .relaxed)
    }

    func disconnected() {
        connectionCount.subtract(1, ordering: .relaxed)
    }
}

extension NodeState: NodeEvents {
    var isStarting: Bool { readiness == .starting }

    func backendIsReady(_ description: String) {
        guard isStarting else { return }
        backend = description
        _ = becomeReady()
    }

    func backendIsMissing(since instant: Instant?) {
        withoutBrokerSince = instant
    }

    func leaseExpires(at instant: Instant) {
        leaseExpiry = instant
    }

    func backendHasFailed(_ description: String, exitCode: Int32) {
        fail(NodeFailure(description: description, exitCode: exitCode))
    }
}
