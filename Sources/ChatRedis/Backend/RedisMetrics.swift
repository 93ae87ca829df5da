import ChatCore
import ChatSupport
import CoreMetrics

/// Counts what happens on one connection to Redis and on those that replace it.
///
/// On: the connection's loop.
final class LinkMetrics {
    private let up: Gauge
    private let reconnects: Counter
    private let failures: Counter
    private let calls: Timer
    private var hasBeenUp = false

    init(_ factory: any MetricsFactory, _ purpose: RedisLink.Purpose) {
        let labels = [("purpose", purpose.rawValue)]
        up = Gauge(label: RedisMetricName.connections, dimensions: labels, factory: factory)
        reconnects = Counter(
            label: RedisMetricName.reconnects,
            dimensions: labels,
            factory: factory
        )
        failures = Counter(label: RedisMetricName.failures, dimensions: labels, factory: factory)
        calls = Timer(label: RedisMetricName.calls, dimensions: labels, factory: factory)
    }

    /// Notes that there is a connection.
    func isUp() {
        up.record(1)
        if hasBeenUp { reconnects.increment() }
        hasBeenUp = true
    }

    /// Notes that the connection is gone, or that an attempt for one has failed.
    func isDown() {
        up.record(0)
        failures.increment()
    }

    /// Counts a command that was answered.
    func answered(sent: Instant, now: Instant) {
        calls.record(since: sent, now: now)
    }
}

/// Counts what happens to a node's one subscription.
///
/// On: the home loop.
final class SubscriptionMetrics {
    private let catchUps: Counter
    private let missed: Counter
    private let rooms: Gauge
    private var roomCount = 0

    init(_ factory: any MetricsFactory) {
        catchUps = Counter(label: RedisMetricName.catchUps, factory: factory)
        missed = Counter(label: RedisMetricName.missed, factory: factory)
        rooms = Gauge(label: RedisMetricName.rooms, factory: factory)
    }

    /// Notes how many rooms the node hears.
    func hears(_ count: Int) {
        guard count != roomCount else { return }
        roomCount = count
        rooms.record(count)
    }

    /// Counts a room's catch-up: what is published there reaches the node, and nothing before it is
    /// missing.
    func caughtUp() { catchUps.increment() }

    /// Counts messages that cannot be had any more.
    func missed(_ count: Int) { missed.increment(by: count) }
}

/// The names of what is counted here. The node says what each of them means.
package enum RedisMetricName {
    package static let connections = "chatnode_redis_connections"
    package static let reconnects = "chatnode_redis_reconnects_total"
    package static let failures = "chatnode_redis_failures_total"
    package static let calls = "chatnode_redis_call_seconds"
    package static let catchUps = "chatnode_catch_ups_total"
    package static let rooms = "chatnode_rooms"
    package static let missed = "chatnode_messages_missed_total"
}
