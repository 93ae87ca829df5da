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

@Suite struct SubscriptionProbeTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func `a subscription is probed every second, and silence for 2.5 s ends it`() {
        var subscriptionProbe = SubscriptionProbe(now: start)
        #expect(subscriptionProbe.tick(now: start) == .probe)
        #expect(subscriptionProbe.tick(now: start + .milliseconds(900)) == .nothing)
        #expect(subscriptionProbe.tick(now: start + .seconds(1)) == .probe)
        #expect(subscriptionProbe.tick(now: start + .seconds(2)) == .probe)
        #expect(subscriptionProbe.due == start + .milliseconds(2500))
        #expect(subscriptionProbe.tick(now: start + .milliseconds(2500)) == .giveUp)
    }

    @Test func `whatever comes keeps it`() {
        var subscriptionProbe = SubscriptionProbe(now: start)
        for half in 0..<20 {
            let now = start + .milliseconds(500 * half)
            #expect(subscriptionProbe.tick(now: now) != .giveUp)
            subscriptionProbe.heard(now: now)
        }
    }

    @Test func `a process that was stopped asks once more before it gives up`() {
        var subscriptionProbe = SubscriptionProbe(now: start)
        #expect(subscriptionProbe.tick(now: start) == .probe)
        let later = start + .seconds(60)
        #expect(subscriptionProbe.tick(now: later) == .probe)
        #expect(subscriptionProbe.tick(now: later + .seconds(1)) == .probe)
        #expect(subscriptionProbe.tick(now: later + .milliseconds(2500)) == .giveUp)
    }
}

@Suite struct OutageTests {
    @Test func `it lasts from the first part that is missing until all are there`() {
        let start = Instant(nanoseconds: 5)
        var availability = Availability(loops: 2, now: start)
        #expect(availability.since == start)
        for part in [Availability.Part.registration, .subscription, .loop(0)] {
            availability.set(part, isThere: true, now: start + .seconds(1))
            #expect(availability.since == start)
        }
        availability.set(.loop(1), isThere: true, now: start + .seconds(1))
        #expect(availability.since == nil)
        availability.set(.loop(0), isThere: false, now: start + .seconds(2))
        availability.set(.registration, isThere: false, now: start + .seconds(3))
        availability.set(.loop(0), isThere: true, now: start + .seconds(4))
        #expect(availability.since == start + .seconds(2))
        availability.set(.registration, isThere: true, now: start + .seconds(5))
        #expect(availability.since == nil)
    }

    @Test func `a part lasts in being away if it is not back within a moment`() {
        let start = Instant(nanoseconds: 5)
        var availability = Availability(loops: 1, now: start)
        availability.set(.loop(0), isThere: true, now: start)
        availability.set(.loop(0), isThere: false, now: start + .seconds(1))
        // Each try that fails says so again.
        availability.set(.loop(0), isThere: false, now: start + .milliseconds(1500))
        let end = start + .seconds(1) + Limits.relinkPatience
        #expect(!availability.isLasting(.loop(0), now: end + .milliseconds(-1)))
        #expect(availability.isLasting(.loop(0), now: end))
        availability.set(.loop(0), isThere: true, now: end)
        #expect(!availability.isLasting(.loop(0), now: end + .seconds(9)))
        availability.set(.loop(0), isThere: false, now: end + .seconds(9))
        #expect(!availability.isLasting(.loop(0), now: end + .seconds(9)))
    }
}
