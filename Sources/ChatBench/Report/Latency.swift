import ChatCore
import Histogram

/// A histogram of durations with high dynamic range: three digits, from half a microsecond to an
/// hour.
struct Latency: Sendable {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 512,
        highestTrackableValue: 3_600_000_000_000,
        numberOfSignificantValueDigits: .three
    )

    /// Records a duration; more than an hour counts as an hour.
    mutating func record(_ duration: Duration) {
        record(nanoseconds: duration.inNanoseconds)
    }

    /// Records a duration without the 128 bits of a `Duration`.
    mutating func record(nanoseconds: Int64) {
        histogram.record(UInt64(Swift.min(Swift.max(0, nanoseconds), 3_600_000_000_000)))
    }

    mutating func add(_ other: Latency) { histogram.add(other.histogram) }

    var count: Int { Int(histogram.totalCount) }
    var max: Duration { .nanoseconds(Int64(histogram.maxRecorded)) }

    /// Returns the duration that this percentage of the recorded ones did not exceed.
    func percentile(_ percentage: Double) -> Duration {
        .nanoseconds(
            Int64(Swift.min(histogram.valueAtPercentile(percentage), histogram.maxRecorded))
        )
    }

    static func + (left: Latency, right: Latency) -> Latency {
        var sum = left
        sum.add(right)
        return sum
    }
}
