import CoreMetrics
import Synchronization

/// Which threads change a cell.
enum Writers: Sendable {
    /// One thread: to load and store is enough, and costs no more than a plain addition.
    case one
    /// Any thread.
    case many
}

/// One number in memory, changed by a loop and read by a scrape, at any time, without a lock.
///
/// What is read may be slightly old, and of numbers that are changed together one may be newer.
protocol Cell: AnyObject, Sendable {
    func add(to total: inout Total)
}

/// The sum of all cells of one series.
struct Total {
    var count: Int64 = 0
    var value = 0.0
    /// The counts of a histogram's buckets, the last of which has no bound; empty before the first
    /// cell.
    var buckets: [Int64] = []
}

/// A number that only grows.
final class CountCell: Cell, CounterHandler {
    private let count = Atomic<Int64>(0)
    private let writers: Writers

    init(_ writers: Writers) {
        self.writers = writers
    }

    func increment(by amount: Int64) {
        count.add(amount, by: writers)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }

    func add(to total: inout Total) {
        total.count += count.load(ordering: .relaxed)
    }
}

/// A number that goes up and down. The gauges of several loops are added up.
final class GaugeCell: Cell, MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)
    private let writers: Writers

    init(_ writers: Writers) {
        self.writers = writers
    }

    func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    func set(_ value: Int64) { set(Double(value)) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func decrement(by amount: Double) { increment(by: -amount) }

    func increment(by amount: Double) {
        var old = bits.load(ordering: .relaxed)
        guard writers == .many else {
            return set(Double(bitPattern: old) + amount)
        }
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (isDone, found) = bits.weakCompareExchange(
                expected: old,
                desired: new,
                ordering: .relaxed
            )
            if isDone { return }
            old = found
        }
    }

    func add(to total: inout Total) {
        total.value += Double(bitPattern: bits.load(ordering: .relaxed))
    }
}

/// A number that is not kept anywhere, but determined during a scrape.
final class ObservedCell: Cell {
    private let observe: @Sendable () -> Double

    /// `observe` is called on the thread that scrapes.
    init(_ observe: @escaping @Sendable () -> Double) {
        self.observe = observe
    }

    func add(to total: inout Total) {
        let value = observe()
        total.value += value
        // A counter is shown by its count.
        total.count += Int64(exactly: value) ?? 0
    }
}

extension Atomic<Int64> {
    /// Adds an amount; an overflow, after 292 years at a thousand million a second, starts again
    /// from the lowest number, as counters may.
    @inline(__always)
    borrowing func add(_ amount: Int64, by writers: Writers) {
        switch writers {
        case .one: store(load(ordering: .relaxed) &+ amount, ordering: .relaxed)
        case .many: wrappingAdd(amount, ordering: .relaxed)
        }
    }
}
