import TestSupport
import Testing

@testable import ChatCore

/// Logins beyond what a loop takes on, and beyond what its broker answers in time.
@Suite struct ArrivalTests {
    private func harness(burst: Double) -> BrokerClientTests.BrokerClientHarness {
        let harness = BrokerClientTests.BrokerClientHarness()
        harness.client.arrivals = ArrivalLimit(perSecond: 10, burst: burst)
        return harness
    }

    @Test func `a login beyond the burst is not sent, and is told when to come`() throws {
        let harness = harness(burst: 2)
        for slot in 0..<4 { try harness.claim(Int32(slot), "name\(slot)") }
        #expect(harness.told == ["2 crowded 0.1 seconds", "3 crowded 0.2 seconds"])
        #expect(harness.client.wanted.keys.map(\.slot) == [0, 1])
        harness.now = harness.now + .milliseconds(100)
        try harness.claim(2, "name2")
        #expect(harness.client.wanted.keys.map(\.slot) == [0, 1, 2])
    }

    @Test func `names that are held are claimed again however many there are`() throws {
        let harness = harness(burst: 3)
        for slot in 0..<3 { try harness.hold(Int32(slot), "name\(slot)", fence: 7) }
        harness.registrationChanged(epoch: 4)
        let claims = harness.takeCalls().compactMap { call -> Int? in
            if case .claims(let call) = call { call.claims.count } else { nil }
        }
        #expect(claims == [3])
        #expect(harness.told == [])
    }

    @Test func `logins that wait too long for those before them are told one turn each`() throws {
        let harness = harness(burst: 100)
        // The first one leaves alone, and is not answered.
        for slot in 0..<4 { try harness.claim(Int32(slot), "name\(slot)") }
        harness.now = harness.now + Limits.claimPatience
        harness.tick()
        #expect(
            Set(harness.told) == [
                "1 crowded 0.1 seconds", "2 crowded 0.2 seconds", "3 crowded 0.3 seconds",
            ]
        )
    }
}
