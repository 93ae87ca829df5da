import TestSupport
import Testing

@testable import ChatCore

/// Tests how one loop's claims leave in calls; each test makes the broker's answers itself.
@Suite struct ClaimBatchTests {
    private typealias Harness = BrokerClientTests.BrokerClientHarness

    private let harness = Harness()

    /// Returns and removes the calls, in words: the names of claims, and the names released.
    private func takeCalls() -> [String] {
        harness.takeCalls().map { call in
            switch call {
            case .claims(let call): call.claims.map(\.username.display).joined(separator: " ")
            case .release(let release): "release \(release.key)"
            case .publish: "publish"
            case .presence: "presence"
            }
        }
    }

    /// Claims a name for each of these sockets: `u` and the socket's number.
    private func claim(_ slots: some Sequence<Int32>) throws {
        for slot in slots { try harness.claim(slot, "u\(slot)") }
    }

    private func grant(_ fence: UInt64) -> ClaimVerdict {
        let producer = ProducerID(using: &harness.random)
        return .granted(Grant(fence: fence, producer: producer, n: 0, seq: 0))
    }

    private func cancel(_ slot: Int32) {
        harness.ask { $0.cancelClaim(for: harness.id(slot), into: &$1) }
    }

    // MARK: One call at a time

    @Test func `claims that come while a call is in flight leave together and in order`() throws {
        try claim(1...4)
        #expect(takeCalls() == ["u1"])
        harness.verdict(grant(1))
        #expect(takeCalls() == ["u2 u3 u4"])
        harness.verdict(grant(2), .taken, grant(3))
        #expect(harness.told == ["1 granted", "2 granted", "3 taken", "4 granted"])
        #expect(takeCalls() == [])
    }

    @Test func `claims of one turn leave in one call`() throws {
        let names = try (1...3).map { try Username("u\($0)") }
        harness.ask { client, effects in
            for (slot, name) in zip((1 as Int32)..., names) {
                client.claim(
                    name,
                    for: harness.id(slot),
                    using: &harness.random,
                    now: harness.now,
                    into: &effects
                )
            }
        }
        #expect(takeCalls() == ["u1 u2 u3"])
    }

    @Test func `a claim more than a call can have waits for the next call`() throws {
        let most = Int32(Limits.claimsPerCall)
        try claim(0...(most + 1))
        #expect(takeCalls() == ["u0"])
        harness.verdict(.taken)
        #expect(try harness.takeClaims().claims.count == Limits.claimsPerCall)
        harness.answer(.claims(.verdicts(Array(repeating: .taken, count: Limits.claimsPerCall))))
        #expect(takeCalls() == ["u\(most + 1)"])
    }

    @Test func `nothing is due at the end of a turn while claims wait for an answer`() throws {
        try claim(1...2)
        #expect(harness.client.isTurnEmpty)
        harness.verdict(.taken)
        harness.verdict(.taken)
        #expect(harness.client.isTurnEmpty)
        #expect(harness.client.claims.isEmpty)
    }

    @Test func `names that are claimed again leave before the claims of new logins`() throws {
        try harness.hold(1, "Ada", fence: 7)
        try claim(2...3)
        #expect(takeCalls() == ["u2"])
        harness.registrationChanged(epoch: 4)
        harness.verdict(.taken)
        #expect(takeCalls() == ["Ada u3"])
        harness.verdict(grant(9), grant(10))
        #expect(harness.told == ["2 taken", "3 granted"])
    }

    @Test func `a release leaves before the claims of its turn`() throws {
        try harness.hold(1, "Ada")
        harness.linkLost()
        try harness.release(1, "Ada")
        try harness.claim(2, "Ada")
        harness.linkUp()
        #expect(takeCalls() == ["release ada", "Ada"])
    }

    // MARK: Answers

    @Test func `a name that is refused alone does not concern the others of its call`() throws {
        try harness.hold(1, "Ada", fence: 7)
        try claim(2...2)
        _ = takeCalls()
        harness.registrationChanged(epoch: 4)
        try claim(3...4)
        harness.verdict(.taken)
        #expect(takeCalls() == ["Ada u3 u4"])
        harness.told = []
        harness.verdict(.refused(reason: "damaged"), .refused(reason: "damaged"), grant(9))
        #expect(harness.told == ["3 unavailable", "4 granted"])
        // Nothing was written for the names that were refused: only the one that is held is claimed
        // again, at the next tick.
        #expect(takeCalls() == [])
        harness.tick()
        #expect(takeCalls() == ["Ada"])
    }

    @Test func `a call that is refused refuses each of its claims, and the next call leaves`()
        throws
    {
        try claim(1...3)
        harness.verdict(.taken)
        try claim(4...4)
        _ = takeCalls()
        harness.told = []
        harness.answer(.refused(reason: "no memory"))
        #expect(harness.told == ["2 unavailable", "3 unavailable"])
        #expect(takeCalls() == ["u4"])
    }

    @Test func `a lost answer settles each claim of its call`() throws {
        try harness.hold(1, "Ada", fence: 7)
        harness.registrationChanged(epoch: 4)
        harness.grant(fence: 8)
        try claim(2...4)
        harness.verdict(.taken)
        #expect(takeCalls().last == "u3 u4")
        harness.told = []
        harness.linkLost()
        try claim(5...5)
        #expect(harness.told == [])
        harness.linkUp()
        // In their order, and under the same logins.
        #expect(takeCalls() == ["u3 u4 u5"])
        harness.verdict(.taken, grant(9), grant(10))
        #expect(harness.told == ["3 taken", "4 granted", "5 granted"])
    }

    @Test func `after a lost answer each claim that was sent is released, none that waited`()
        throws
    {
        try claim(1...3)
        harness.verdict(.taken)
        try claim(4...4)
        _ = takeCalls()
        harness.told = []
        harness.linkGone()
        #expect(harness.told.sorted() == ["2 unavailable", "3 unavailable", "4 unavailable"])
        harness.linkUp()
        #expect(takeCalls().sorted() == ["release u2", "release u3"])
    }

    @Test func `another epoch sends all claims of a call again, before those that came since`()
        throws
    {
        try claim(1...3)
        harness.verdict(.taken)
        try claim(4...4)
        _ = takeCalls()
        harness.answer(.claims(.otherEpoch))
        #expect(harness.doubts == 1)
        #expect(takeCalls() == [])
        harness.registrationChanged(epoch: 4)
        #expect(takeCalls() == ["u2 u3 u4"])
        // The epoch of this call is outdated when its answer comes: no new look is needed.
        harness.registrationChanged(epoch: 5)
        harness.answer(.claims(.otherEpoch))
        #expect(harness.doubts == 1)
        #expect(try harness.takeClaims().epoch.number == 5)
    }

    // MARK: Giving up

    @Test func `a claim that was not sent is taken out when its socket closes`() throws {
        try claim(1...3)
        #expect(takeCalls() == ["u1"])
        cancel(2)
        #expect(harness.told == ["2 cancelled"])
        #expect(harness.client.mayHold(["u2"]) == [false])
        harness.verdict(grant(1))
        #expect(takeCalls() == ["u3"])
    }

    @Test func `a claim that was sent is not taken out, and its release goes behind it`() throws {
        try claim(1...1)
        cancel(1)
        #expect(harness.told == [])
        harness.verdict(grant(1))
        #expect(harness.told == ["1 granted"])
        try harness.release(1, "u1")
        #expect(takeCalls() == ["u1", "release u1"])
    }

    @Test func `a claim that may have been granted is released when it is taken out`() throws {
        try claim(1...1)
        harness.linkLost()
        _ = takeCalls()
        cancel(1)
        #expect(harness.told == ["1 cancelled"])
        harness.linkUp()
        #expect(takeCalls() == ["release u1"])
    }

    @Test func `a release of a held name takes out its claim that waits, and is sent`() throws {
        try harness.hold(1, "Ada", fence: 7)
        try claim(2...2)
        _ = takeCalls()
        harness.registrationChanged(epoch: 4)
        try harness.release(1, "Ada")
        #expect(takeCalls() == ["release ada"])
        harness.verdict(.taken)
        #expect(takeCalls() == [])
        harness.answer(.released)
        #expect(harness.told == ["2 taken", "1 released"])
    }

    @Test func `a release of a name that is claimed again goes behind the claim`() throws {
        try harness.hold(1, "Ada", fence: 7)
        harness.registrationChanged(epoch: 4)
        try harness.release(1, "Ada")
        #expect(takeCalls() == ["Ada", "release ada"])
        harness.verdict(grant(9))
        harness.answer(.released)
        #expect(harness.told == ["1 released"])
        #expect(harness.client.held.isEmpty)
    }

    @Test func `a claim that waits too long behind others is refused, and is not sent`() throws {
        try claim(1...2)
        harness.now = harness.now + Limits.claimPatience
        harness.tick()
        #expect(harness.told == ["2 crowded 1.0 seconds"])
        harness.verdict(grant(1))
        #expect(takeCalls() == ["u1"])
    }
}

extension BrokerClientTests.BrokerClientHarness {
    /// Answers a call of claims with these verdicts.
    func verdict(_ verdicts: ClaimVerdict...) { answer(.claims(.verdicts(verdicts))) }

    /// Returns the newest call of claims and removes all calls.
    func takeClaims() throws -> ClaimCall {
        let claims = takeCalls().compactMap { call -> ClaimCall? in
            if case .claims(let call) = call { call } else { nil }
        }
        return try #require(claims.last)
    }

    /// Returns the newest claim of a call of one, and removes all calls.
    func takeClaimAgain() throws -> Claim {
        let call = try takeClaims()
        #expect(call.claims.count == 1)
        return try #require(call.claims.first)
    }
}
