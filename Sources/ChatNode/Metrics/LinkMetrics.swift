import ChatCore
import CoreMetrics

/// What is counted about one connection to Redis, those that follow it included.
///
/// On: the connection's loop.
final class LinkMetrics {
    private let up: Gauge
    private let reconnects: Counter
    private let failures: Counter
    private let calls: Timer
    private var hasBeenUp = false

    init(_ registry: MetricsRegistry, _ purpose: RedisLink.Purpose) {
        let factory = CellFactory(registry: registry, writers: .one)
        let labels = [("purpose", purpose.rawValue)]
        up = Gauge(label: Family.redisConnections.name, dimensions: labels, factory: factory)
        reconnects = Counter(
            label: Family.redisReconnects.name,
            dimensions: labels,
            factory: factory
        )
        failures = Counter(label: Family.redisFailures.name, dimensions: labels, factory: factory)
        calls = Timer(label: Family.redisCalls.name, dimensions: labels, factory: factory)
    }

    /// There is a connection.
    func isUp() {
        up.record(1)
        if hasBeenUp { reconnects.increment() }
        hasBeenUp = true
    }

    /// It is gone, or a try for one has come to nothing.
    func isDown() {
        up.record(0)
        failures.increment()
    }

    /// A command was answered.
    func answered(sent: Instant, now: Instant) {
        calls.record(since: sent, now: now)
    }
}

extension Timer {
    /// Without a `Duration` in between: dividing its 128 bits costs a hundred instructions.
    func record(since: Instant, now: Instant) {
        recordNanoseconds(now.nanoseconds &- since.nanoseconds)
    }
}

/// What is counted about a node's one subscription.
///
/// On: the home loop.
final class FeedMetrics {
    private let catchUps: Counter
    private let missed: Counter

    init(_ registry: MetricsRegistry) {
        let factory = CellFactory(registry: registry, writers: .one)
        catchUps = Counter(label: Family.catchUps.name, factory: factory)
        missed = Counter(label: Family.missed.name, factory: factory)
    }

    /// What is published reaches the node, and nothing lacks before it.
    func caughtUp() { catchUps.increment() }

    /// So many messages cannot be had any more.
    func missed(_ count: Int) { missed.increment(by: count) }
}
