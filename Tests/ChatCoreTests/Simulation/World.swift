import ChatCore
import TestSupport

/// Simulated time: what happens, in which order, all of it from one seed.
final class World {
    private struct Event {
        let at: Instant
        let order: Int
        let body: () -> Void
    }

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    var random: SplitMix
    private var heap: [Event] = []
    private var count = 0
    /// The rooms that people talk in.
    let rooms = [.lobby] + ["blue", "green", "red"].compactMap { try? RoomName($0) }
    /// What was told out of order.
    private(set) var complaints: [String] = []
    /// Whether all data may disappear, or an older copy be put back: then a message can be lost before a
    /// node has heard it.
    let losesData: Bool
    /// How often a run has met what is dangerous.
    private(set) var hazards: [Hazard: Int] = [:]
    /// The mistake that this run makes on purpose; nil: it makes none.
    var mutant: Mutant?
    /// Notes all that happens, for tests that compare runs; nil in the others.
    var trace: Trace?

    init(seed: UInt64, losesData: Bool = false) {
        self.losesData = losesData
        random = SplitMix(seed: seed)
    }

    /// Milliseconds since 1970, on a clock that agrees with the other one.
    var ms: Int64 { 1_700_000_000_000 + now.nanoseconds / 1_000_000 }

    func after(_ wait: Duration, _ body: @escaping () -> Void) {
        at(now + wait, body)
    }

    func at(_ instant: Instant, _ body: @escaping () -> Void) {
        count += 1
        heap.append(Event(at: max(instant, now), order: count, body: body))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Lets everything happen up to an instant.
    func run(until end: Instant) {
        while let next = heap.first, next.at <= end {
            now = next.at
            pop()
            note("event \(next.order)")
            next.body()
        }
        now = end
    }

    func complain(_ text: String) {
        guard complaints.count < 20 else { return }
        complaints.append("at \(now.nanoseconds / 1_000_000) ms: \(text)")
    }

    func meet(_ hazard: Hazard) { hazards[hazard, default: 0] += 1 }

    /// Notes what a machine wants done, or what is done to it.
    func note(_ what: @autoclosure () -> String) {
        trace?.add(what(), at: now)
        if Trace.isPrinted { print("\(now.nanoseconds / 1000) \(what())") }
    }

    func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    func duration(_ range: ClosedRange<Int64>, unit: Int64 = 1_000) -> Duration {
        .nanoseconds(Int64.random(in: range, using: &random) * unit)
    }

    private func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBefore(child, least) { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
    }
}
