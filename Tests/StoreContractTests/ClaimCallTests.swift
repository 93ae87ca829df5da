import ChatCore
import TestSupport
import Testing

@testable import ChatRedis

/// Calls of several claims.
@Suite struct ClaimCallTests {
    /// Returns the verdicts of a call, each as a call of one claim would be answered.
    private func verdicts(_ claims: [SingleClaim], _ harness: StoreHarness) throws -> [SingleAnswer]
    {
        let call = ClaimCall(
            epoch: harness.epoch,
            incarnation: claims.first?.incarnation ?? harness.node,
            number: 0,
            claims: claims.map(\.claim)
        )
        let answer = try harness.subject.claim(call)
        guard case .verdicts(let verdicts) = answer else { throw Unexpected("\(answer)") }
        return verdicts.map { SingleAnswer($0) }
    }

    // MARK: The store and the scripts

    @Test(arguments: StoreKind.allCases)
    func `each claim of a full call has its own verdict, and fences grow in its order`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let bob = try harness.hold("Bob")
        let claims = try (0..<Limits.claimsPerCall).map {
            try harness.claim($0 == 7 ? "Bob" : "user\($0)")
        }
        let verdicts = try verdicts(claims, harness)
        #expect(verdicts.count == Limits.claimsPerCall)
        #expect(verdicts[7] == .taken)
        let fences = verdicts.compactMap {
            if case .granted(let grant) = $0 { grant.fence } else { nil as UInt64? }
        }
        let first = bob.grant.fence + 1
        #expect(fences == Array(first..<(first + UInt64(Limits.claimsPerCall - 1))))
        #expect(try harness.subject.heldKeys(of: harness.node).count == Limits.claimsPerCall)
    }

    @Test(arguments: StoreKind.allCases)
    func `each claim of a call sees what those before it have changed`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let bob = try harness.claim("Bob")
        let verdicts = try verdicts(
            [harness.again(ada), bob, harness.claim("ADA"), harness.claim("bob"), bob],
            harness
        )
        guard case .granted(let again) = verdicts[0], case .granted(let grant) = verdicts[1] else {
            throw Unexpected("\(verdicts)")
        }
        #expect(again.fence > ada.grant.fence)
        #expect(Array(verdicts[2...]) == [.taken, .taken, .granted(grant)])
    }

    @Test(arguments: StoreKind.allCases)
    func `in a grace a call grants what is claimed again, and defers new logins`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        try harness.subject.restart()
        #expect(try harness.begin())
        try harness.register(harness.node)
        let verdicts = try verdicts(
            [harness.claim("Bob"), harness.again(ada), harness.claim("Eve")],
            harness
        )
        guard case .granted = verdicts[1] else { throw Unexpected("\(verdicts)") }
        #expect([verdicts[0], verdicts[2]] == [.grace, .grace])
    }

    @Test(arguments: StoreKind.allCases)
    func `a call without claims is answered`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        #expect(try verdicts([], harness) == [])
    }

    // MARK: Damaged records

    /// Something that was done to a record by hand.
    enum Damage: String, CaseIterable {
        case otherType, noFence, noNumber, heldOfOtherType

        func apply(to key: String, of holder: Incarnation, _ redis: ScriptStore) throws {
            let (name, held) = (redis.codec.keys.name(key), redis.codec.keys.held(by: holder))
            switch self {
            case .otherType: _ = try redis.client.run("SET", name, "x")
            case .noFence: _ = try redis.client.run("HDEL", name, "fence")
            case .noNumber: _ = try redis.client.run("HSET", name, "epoch", "x")
            case .heldOfOtherType: _ = try redis.client.run("SET", held, "x")
            }
        }
    }

    private func harness() async throws -> (StoreHarness, ScriptStore) {
        let harness = try await StoreHarness(.scripts)
        guard let redis = harness.subject as? ScriptStore else { throw Unexpected("no Redis") }
        return (harness, redis)
    }

    @Test(arguments: Damage.allCases)
    func `a damaged record refuses one name of a call, and is not written`(
        _ damage: Damage
    ) async throws {
        let (harness, redis) = try await harness()
        _ = try harness.granted(harness.claim("Bob", by: harness.other))
        try damage.apply(to: "bob", of: harness.other, redis)
        let name = redis.codec.keys.name("bob")
        let before = try redis.client.run("DUMP", name)
        let claims = try ["Ada", "Bob", "Eve"].map { try harness.claim($0) }
        let verdicts = try verdicts(claims, harness)
        guard case .granted(let ada) = verdicts[0], case .granted(let eve) = verdicts[2] else {
            throw Unexpected("\(verdicts)")
        }
        #expect(verdicts[1] == .refused)
        // No fence was drawn for the name between them.
        #expect(eve.fence == ada.fence + 1)
        #expect(try redis.client.run("DUMP", name) == before)
        #expect(try harness.subject.heldKeys(of: harness.node) == ["ada", "eve"])
    }

    @Test(arguments: [Damage.otherType, .noFence, .noNumber])
    func `a damaged record refuses the login that claims the name again`(
        _ damage: Damage
    ) async throws {
        let (harness, redis) = try await harness()
        let (ada, bob) = (try harness.hold("Ada"), try harness.hold("Bob"))
        try damage.apply(to: "bob", of: harness.node, redis)
        let verdicts = try verdicts([harness.again(bob), harness.again(ada)], harness)
        #expect(verdicts[0] == .refused)
        guard case .granted = verdicts[1] else { throw Unexpected("\(verdicts)") }
    }

    @Test func `a name whose record has another type is released and reaped like others`()
        async throws
    {
        let (harness, redis) = try await harness()
        let (ada, _) = (try harness.hold("Ada"), try harness.hold("Bob"))
        for key in ["ada", "bob"] {
            try Damage.otherType.apply(to: key, of: harness.node, redis)
        }
        #expect(try harness.release(ada) == false)
        #expect(try harness.subject.heldKeys(of: harness.node) == ["bob"])
        _ = try harness.certify(harness.node, counter: 0)
        #expect(try harness.reap(harness.node, ["bob"]) == .left(0))
    }
}
