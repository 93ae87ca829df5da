/// A point in time on a monotonic clock, which also advances while the machine sleeps.
///
/// Every decision is handed the current instant and never reads a clock, so that a test can set the
/// time.
public struct Instant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an origin that is the same for everything in one process.
    public var nanoseconds: Int64

    /// The instant that many nanoseconds after the clock's origin.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// An instant earlier than anything that happens; stands for "has never happened".
    public static let distantPast = Instant(nanoseconds: .min / 2)
    /// An instant later than anything that happens; stands for "never".
    public static let distantFuture = Instant(nanoseconds: .max / 2)

    /// Whether the left instant is earlier than the right one.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Returns the instant that is `duration` later.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds &+ duration.inNanoseconds)
    }

    /// Returns the time from the right instant to the left one.
    public static func - (left: Instant, right: Instant) -> Duration {
        .nanoseconds(left.nanoseconds &- right.nanoseconds)
    }
}

extension Duration {
    /// The duration in whole nanoseconds, rounded toward zero; for durations under 292 years.
    public var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }

    /// The duration in whole milliseconds, rounded up, so that a wait of that length never ends too
    /// early.
    public var inMillisecondsRoundedUp: Int {
        Int((inNanoseconds &+ 999_999) / 1_000_000)
    }
}
