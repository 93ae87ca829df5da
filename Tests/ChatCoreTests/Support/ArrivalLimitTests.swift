import Testing

@testable import ChatCore

/// Which clients are let in when many come, and when the others are told to come.
@Suite struct ArrivalLimitTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    /// Has clients come at one time, and returns the waits of those that are not let in.
    private func waits(_ limit: inout ArrivalLimit, _ count: Int, at time: Instant) -> [Duration] {
        (0..<count).compactMap { _ in limit.admit(now: time) }
    }

    @Test func `as many as the burst are let in at once, and each of the others has its own turn`()
    {
        var limit = ArrivalLimit(perSecond: 100, burst: 10)
        let waits = waits(&limit, 15, at: start)
        #expect(waits == (1...5).map { .milliseconds(10 * $0) })
    }

    @Test func `those that come when they were told are let in`() {
        var limit = ArrivalLimit(perSecond: 100, burst: 10)
        let waits = waits(&limit, 500, at: start)
        #expect(waits.count == 490)
        let again = waits.compactMap { limit.admit(now: start + $0) }
        #expect(again.isEmpty)
    }

    @Test func `a client whose turn others have taken is told another one, after theirs`() throws {
        var limit = ArrivalLimit(perSecond: 100, burst: 1)
        let waits = waits(&limit, 3, at: start)
        #expect(waits == [.milliseconds(10), .milliseconds(20)])
        let turn = start + waits[0]
        let first = limit.admit(now: turn)
        #expect(first == nil)
        let second = limit.admit(now: turn)
        let wait = try #require(second)
        #expect(turn + wait == start + .milliseconds(30))
    }

    @Test func `after a pause as many as the burst are let in again`() {
        var limit = ArrivalLimit(perSecond: 100, burst: 10)
        let told = waits(&limit, 30, at: start)
        #expect(told.count == 20)
        let toldLater = waits(&limit, 10, at: start + .seconds(1))
        #expect(toldLater.isEmpty)
    }

    @Test func `no client waits longer than the longest turn, and no two come together`() {
        let rate = 100
        let longest = Int(Limits.longestTurn.components.seconds)
        var limit = ArrivalLimit(perSecond: Double(rate), burst: 10)
        // One after the other they would wait for twice the longest turn.
        let waits = waits(&limit, 10 + rate * 2 * longest, at: start)
        #expect(waits.count == rate * 2 * longest)
        #expect(waits.allSatisfy { $0 <= Limits.longestTurn })
        let late = waits.filter { $0 > Limits.longestTurn * 0.5 }
        // The second half is as full as the rate allows with those whose turn it is, and is used twice more,
        // as the others would fill two halves.
        let seconds = Dictionary(grouping: late) { $0.components.seconds }
        #expect(seconds.values.allSatisfy { $0.count <= 3 * rate })
    }

    @Test func `with a rate of 0 all are let in`() {
        var limit = ArrivalLimit(perSecond: 0, burst: 1)
        let told = waits(&limit, 100_000, at: start)
        #expect(told.isEmpty)
    }

    @Test func `by default a node that has nothing else to do takes on 4,000 clients at once`() {
        var limit = ArrivalLimit(perSecond: Limits.loginRate, burst: Limits.loginBurst)
        let told = waits(&limit, 4_000, at: start)
        #expect(told.isEmpty)
        // And the 18,000 of a node that has failed, within 5 s, if all came to one loop.
        var other = ArrivalLimit(perSecond: Limits.loginRate, burst: Limits.loginBurst)
        let postponed = (0..<18_000).compactMap { number in
            other.admit(now: start + .nanoseconds(5_000_000_000 / 18_000 * number))
        }
        #expect(postponed.isEmpty)
    }
}
