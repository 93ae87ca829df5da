import ChatCore
import Testing

@testable import ChatBench

/// When messages are to leave.
@Suite struct SendScheduleTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private func times(_ lanes: [Int], of total: Int, perSecond: Double, _ count: Int) -> [(
        Int, Double
    )] {
        var schedule = SendSchedule(
            start: Self.start,
            perSecond: perSecond,
            lanes: lanes,
            of: total
        )
        return (0..<count).compactMap { _ in
            schedule.take(dueAt: .distantFuture).map {
                (lanes[$0.lane], ($0.intended - Self.start) / .milliseconds(1))
            }
        }
    }

    @Test func `senders speak in turn, evenly`() {
        let all = times([0, 1, 2], of: 3, perSecond: 100, 6)
        #expect(all.map(\.0) == [0, 1, 2, 0, 1, 2])
        #expect(all.map(\.1) == [0, 10, 20, 30, 40, 50])
    }

    @Test func `the groups' parts make up the whole`() {
        let whole = times(Array(0..<5), of: 5, perSecond: 1000, 20)
        let parts =
            times([0, 2, 4], of: 5, perSecond: 1000, 12) + times([1, 3], of: 5, perSecond: 1000, 8)
        #expect(parts.sorted { $0.1 < $1.1 }.map(\.0) == whole.map(\.0))
        #expect(parts.map(\.1).sorted() == whole.map(\.1))
    }

    @Test func `a delay does not move what comes after it`() {
        var schedule = SendSchedule(start: Self.start, perSecond: 1000, lanes: [0], of: 1)
        let first = schedule.take(dueAt: Self.start)
        let second = schedule.take(dueAt: Self.start)
        #expect(first?.intended == Self.start)
        #expect(second == nil)
        // A second later, a thousand are due, each at its own time.
        let late = Self.start + .seconds(1)
        var due: [Instant] = []
        while let next = schedule.take(dueAt: late) { due.append(next.intended) }
        #expect(due.count == 1000)
        #expect(due.first == Self.start + .milliseconds(1))
        #expect(due.last == late)
    }

    @Test func `rounding does not add up`() {
        var schedule = SendSchedule(start: Self.start, perSecond: 3, lanes: [0], of: 1)
        var last = Self.start
        for _ in 0...3_000_000 { last = schedule.take(dueAt: .distantFuture)?.intended ?? last }
        #expect(last == Self.start + .seconds(1_000_000))
    }

    @Test(arguments: [0.7, 3, 200, 999.9, 123_456.7])
    func `the messages due before a time are counted without going through them`(perSecond: Double)
    {
        for milliseconds in [0, 1, 5, 999, 1000, 1001] {
            let end = Self.start + .milliseconds(milliseconds)
            var schedule = SendSchedule(start: Self.start, perSecond: perSecond, lanes: [0], of: 1)
            let count = schedule.count(before: end)
            var broadcastEnded = 0
            while let next = schedule.next, next < end {
                _ = schedule.take(dueAt: next)
                broadcastEnded += 1
            }
            #expect(count == broadcastEnded)
        }
    }

    @Test func `without a sender nothing is due`() {
        var schedule = SendSchedule(start: Self.start, perSecond: 3, lanes: [], of: 4)
        #expect(schedule.next == nil)
        let due = schedule.take(dueAt: .distantFuture)
        #expect(due == nil)
    }
}
