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

    /// Has two logins wait for the end of a grace, at which a third one's call is still on its way.
    private func logInDuringGrace() throws -> BrokerClientTests.BrokerClientHarness {
        let harness = harness(burst: 100)
        harness.registrationChanged(isGrace: true)
        for (slot, name) in [(1, "ada"), (2, "bob")] {
            try harness.claim(Int32(slot), name)
            harness.verdict(.grace)
        }
        harness.now = harness.now + (Limits.gracePatience - .milliseconds(1))
        try harness.claim(3, "cleo")
        harness.registrationChanged()
        harness.tick()
        return harness
    }

    @Test func `logins that have waited for the end of a grace have time to be asked for`() throws {
        let harness = try logInDuringGrace()
        #expect(harness.told == [])
        harness.grant(fence: 7)
        #expect(harness.told == ["3 granted"])
        #expect(try Set(harness.takeClaims().claims.map(\.username.display)) == ["ada", "bob"])
    }

    @Test func `however long the grace was, a login is answered in time`() throws {
        let harness = try logInDuringGrace()
        harness.now = harness.now + .milliseconds(1) + (Limits.claimPatience - .milliseconds(1))
        harness.tick()
        #expect(harness.told == [])
        harness.now = harness.now + .milliseconds(1)
        harness.tick()
        #expect(Set(harness.told) == ["1 crowded 0.1 seconds", "2 crowded 0.2 seconds"])
    }
}
