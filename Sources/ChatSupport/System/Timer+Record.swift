public import ChatCore
public import CoreMetrics

extension Timer {
    /// Records a time without a `Duration` in between: to divide its 128 bits costs a hundred
    /// instructions.
    @inlinable
    package func record(since: Instant, now: Instant) {
        recordNanoseconds(now.nanoseconds &- since.nanoseconds)
    }
}
