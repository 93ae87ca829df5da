import CoreMetrics
import Synchronization

/// Counts durations or sizes in fixed buckets.
///
/// Cost: a search along the bounds, which are 23 at most, and two additions.
final class HistogramCell: Cell, RecorderHandler, TimerHandler {
    private let buckets: Buckets
    private let writers: Writers
    /// One count for each bound, and one for what exceeds the last; the others stay unused.
    private let counts = InlineArray<24, Atomic<Int64>> { _ in Atomic(0) }
    /// The sum of the recorded values, in the unit of the bounds.
    private let sum = Atomic<Int64>(0)

    init(_ buckets: Buckets, _ writers: Writers) {
        precondition(buckets.bounds.count <= Buckets.most, "more bounds than there is room for")
        self.buckets = buckets
        self.writers = writers
    }

    func recordNanoseconds(_ duration: Int64) {
        count(duration)
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    /// Counts a value; NaN and infinities are not counted.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        // A value beyond any bound is limited, so that it does not make the sum overflow.
        let most = Double(Int64.max / 2)
        count(Int64(min(max(value * buckets.scale, -most), most)))
    }

    private func count(_ value: Int64) {
        var index = 0
        while index < buckets.bounds.count, value > buckets.bounds[index] { index += 1 }
        counts[index].add(1, by: writers)
        sum.add(value, by: writers)
    }

    func add(to total: inout Total) {
        let count = buckets.bounds.count + 1
        if total.buckets.isEmpty { total.buckets = Array(repeating: 0, count: count) }
        for index in 0..<count {
            total.buckets[index] += counts[index].load(ordering: .relaxed)
        }
        total.value += Double(sum.load(ordering: .relaxed)) / buckets.scale
    }
}
