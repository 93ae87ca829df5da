/// A point on a clock that only goes forward and goes on while the machine sleeps.
///
/// Handed into every decision, never read by one: that is what lets a test turn the clock by hand.
public struct Instant: Comparable, Hashable, Sendable {
    /// Since an origin that is the same for everything in one process.
    public var nanoseconds: Int64

    /// A point so many nanoseconds behind the clock's origin.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Earlier than anything that happens; stands for "never happened yet".
    public static let distantPast = Instant(nanoseconds: .min / 2)
    /// Later than anything that happens; stands for "never".
    public static let distantFuture = Instant(nanoseconds: .max / 2)

    /// Which of two points comes first.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The point that much later.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds &+ duration.inNanoseconds)
    }

    /// The time from the right point to the left one.
    public static func - (left: Instant, right: Instant) -> Duration {
        .nanoseconds(left.nanoseconds &- right.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds, rounded toward zero; for durations under 292 years.
    public var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }

    /// Whole milliseconds, rounded up, so that who waits that long does not come too early.
    public var inMillisecondsRoundedUp: Int {
        Int((inNanoseconds &+ 999_999) / 1_000_000)
    }
}
