import CoreMetrics
import Synchronization

/// How often something took how long, or was how large, in fixed buckets.
///
/// Cost: a look along the bounds, which are 23 at most, and two additions.
final class HistogramCell: Cell, RecorderHandler, TimerHandler {
    private let buckets: Buckets
    private let writers: Writers
    /// One for each bound, and the one beyond the last; the others stay unused.
    private let counts = InlineArray<24, Atomic<Int64>> { _ in Atomic(0) }
    /// In the whole numbers of the bounds.
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

    /// What is no number is not counted.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        // So large a value is beyond any bound, and would only spoil the sum.
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
