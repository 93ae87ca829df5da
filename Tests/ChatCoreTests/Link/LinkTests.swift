import ChatCore
import TestSupport
import Testing

@Suite struct BackoffTests {
    @Test func `waits grow from 50 ms to 2 s, each of them anything up to its bound`() {
        var random = Seed.generator
        var longest = Array(repeating: Duration.zero, count: 8)
        for _ in 0..<200 {
            var backoff = Backoff()
            for (index, bound) in [50, 100, 200, 400, 800, 1600, 2000, 2000].enumerated() {
                let wait = backoff.next(using: &random)
                #expect(wait >= .zero && wait <= .milliseconds(bound), "seed \(Seed.value)")
                longest[index] = max(longest[index], wait)
            }
            backoff.reset()
            #expect(backoff.next(using: &random) <= .milliseconds(50))
        }
        // None of 200 in the upper half has a likelihood of 2^-200.
        #expect(longest[0] > .milliseconds(25) && longest[7] > .milliseconds(1000))
    }
}

@Suite struct PulseTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func `a subscription is probed every second, and silence for 2.5 s ends it`() {
        var pulse = Pulse(now: start)
        #expect(pulse.tick(now: start) == .probe)
        #expect(pulse.tick(now: start + .milliseconds(900)) == .nothing)
        #expect(pulse.tick(now: start + .seconds(1)) == .probe)
        #expect(pulse.tick(now: start + .seconds(2)) == .probe)
        #expect(pulse.due == start + .milliseconds(2500))
        #expect(pulse.tick(now: start + .milliseconds(2500)) == .giveUp)
    }

    @Test func `whatever comes keeps it`() {
        var pulse = Pulse(now: start)
        for half in 0..<20 {
            let now = start + .milliseconds(500 * half)
            #expect(pulse.tick(now: now) != .giveUp)
            pulse.heard(now: now)
        }
    }

    @Test func `a process that was stopped asks once more before it gives up`() {
        var pulse = Pulse(now: start)
        #expect(pulse.tick(now: start) == .probe)
        let later = start + .seconds(60)
        #expect(pulse.tick(now: later) == .probe)
        #expect(pulse.tick(now: later + .seconds(1)) == .probe)
        #expect(pulse.tick(now: later + .milliseconds(2500)) == .giveUp)
    }
}

@Suite struct OutageTests {
    @Test func `it lasts from the first part that is missing until all are there`() {
        let start = Instant(nanoseconds: 5)
        var outage = Outage(loops: 2, now: start)
        #expect(outage.since == start)
        for part in [Outage.Part.standing, .subscription, .loop(0)] {
            outage.set(part, isThere: true, now: start + .seconds(1))
            #expect(outage.since == start)
        }
        outage.set(.loop(1), isThere: true, now: start + .seconds(1))
        #expect(outage.since == nil)
        outage.set(.loop(0), isThere: false, now: start + .seconds(2))
        outage.set(.standing, isThere: false, now: start + .seconds(3))
        outage.set(.loop(0), isThere: true, now: start + .seconds(4))
        #expect(outage.since == start + .seconds(2))
        outage.set(.standing, isThere: true, now: start + .seconds(5))
        #expect(outage.since == nil)
    }

    @Test func `a part lasts in being away if it is not back within a moment`() {
        let start = Instant(nanoseconds: 5)
        var outage = Outage(loops: 1, now: start)
        outage.set(.loop(0), isThere: true, now: start)
        outage.set(.loop(0), isThere: false, now: start + .seconds(1))
        // Each try that fails says so again.
        outage.set(.loop(0), isThere: false, now: start + .milliseconds(1500))
        let end = start + .seconds(1) + Limits.relinkPatience
        #expect(!outage.isLasting(.loop(0), now: end + .milliseconds(-1)))
        #expect(outage.isLasting(.loop(0), now: end))
        outage.set(.loop(0), isThere: true, now: end)
        #expect(!outage.isLasting(.loop(0), now: end + .seconds(9)))
        outage.set(.loop(0), isThere: false, now: end + .seconds(9))
        #expect(!outage.isLasting(.loop(0), now: end + .seconds(9)))
    }
}
