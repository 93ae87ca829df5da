import ChatCore
import TestSupport
import Testing

/// Names: the store and the scripts alike.
@Suite struct NameTests {
    @Test(arguments: KeeperKind.allCases)
    func `a holder that was taken off the list by hand is watched before it is taken for dead`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        let third = Incarnation(using: &bench.random)
        try bench.keeper.loseNodes()
        try bench.register(third)
        let claim = try bench.claim("Ada", by: third)
        // It may live, and prove its lease for a while.
        #expect(try bench.keeper.claim(claim) == .taken)
        #expect(try bench.keeper.claim(claim) == .taken)
        guard case .roster(let roster) = try bench.renew(third) else { throw Unexpected("?") }
        #expect(roster.beats.contains(.init(incarnation: bench.node, counter: 0)))
        #expect(try bench.certify(bench.node, counter: 0, by: third) == .certified)
        #expect(try bench.granted(claim).fence > ada.grant.fence)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a name of nobody that is known comes free, whatever else was lost of its holder`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        try bench.keeper.loseNodes()
        try bench.keeper.loseHeld(of: bench.node)
        try bench.register(bench.other)
        let claim = try bench.claim("Ada", by: bench.other)
        #expect(try bench.keeper.claim(claim) == .taken)
        #expect(try bench.certify(bench.node, counter: 0) == .certified)
        #expect(try bench.keeper.heldKeys(of: bench.node) == [ada.claim.username.key])
        #expect(try bench.reap(bench.node, [ada.claim.username.key]) == .left(0))
        _ = try bench.granted(claim)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a free name is granted, a held one is taken on every node`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        #expect(ada.grant.lineage == ada.claim.lineage)
        #expect((ada.grant.n, ada.grant.seq) == (0, 0))
        #expect(try bench.keeper.claim(bench.claim("ADA")) == .taken)
        #expect(try bench.keeper.claim(bench.claim("ada", by: bench.other)) == .taken)
        #expect(try bench.keeper.heldKeys(of: bench.node) == ["ada"])
        #expect(try bench.keeper.heldKeys(of: bench.other) == [])
    }

    @Test(arguments: KeeperKind.allCases)
    func `a claim that is repeated gets the same answer`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        #expect(try bench.granted(ada.claim) == ada.grant)
        _ = try bench.say(ada, [1, 2])
        let later = try bench.granted(ada.claim)
        #expect(later.fence == ada.grant.fence)
        #expect((later.n, later.seq) == (2, 2))
    }

    @Test(arguments: KeeperKind.allCases)
    func `a process nobody knows is granted nothing`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let stranger = Incarnation(using: &bench.random)
        #expect(try bench.keeper.claim(bench.claim("Ada", by: stranger)) == .unregistered)
        #expect(try bench.keeper.heldKeys(of: stranger) == [])
    }

    @Test(arguments: KeeperKind.allCases)
    func `a release frees a name if it is still what the caller believes`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let old = try bench.hold("Ada")
        #expect(try bench.release(old))
        #expect(try !bench.release(old))
        #expect(try bench.keeper.heldKeys(of: bench.node) == [])
        let new = try bench.hold("Ada")
        #expect(new.grant.lineage != old.grant.lineage)
        #expect(new.grant.fence > old.grant.fence)
        #expect(try !bench.release(old))
        for (incarnation, fence, isHeld) in [
            (bench.other, new.grant.fence, false), (bench.node, old.grant.fence, false),
            (bench.node, new.grant.fence, true),
        ] {
            let release = Release(key: "ada", incarnation: incarnation, condition: .fence(fence))
            #expect(try bench.keeper.release(release) == isHeld)
        }
    }

    @Test(arguments: KeeperKind.allCases)
    func `a release counts in every reign`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        try bench.keeper.restart()
        #expect(try bench.release(ada))
    }

    // MARK: Claimed again

    @Test(arguments: KeeperKind.allCases)
    func `a name claimed again has a new fence, and its lineage and numbers`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        _ = try bench.say(ada, [1, 2])
        let again = try bench.granted(bench.again(ada, n: 1, seq: 1))
        #expect(
            again
                == Grant(
                    fence: ada.grant.fence + 1,
                    lineage: ada.grant.lineage,
                    n: 2,
                    seq: 2
                )
        )
        // What an older connection still carries is void.
        #expect(try bench.say(ada, [3]) == [.fenced])
        // The answer was lost: the same grant.
        #expect(try bench.granted(bench.again(ada)) == again)
    }

    @Test(arguments: KeeperKind.allCases)
    func `of the record's number and the caller's the higher stands, with its place`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        _ = try bench.say(ada, [1])
        let higher = try bench.granted(bench.again(ada, n: 5, seq: 9))
        #expect((higher.n, higher.seq) == (5, 9))
        // Also where the grant is repeated.
        let repeated = try bench.granted(bench.again(ada, n: 6, seq: 0))
        #expect(repeated.fence == higher.fence)
        #expect((repeated.n, repeated.seq) == (6, 0))
        let known = Holding(claim: ada.claim, grant: repeated)
        #expect(try bench.say(known, [6]) == [.duplicate(seq: nil)])
        let placed = try bench.granted(bench.again(known, n: 6, seq: 11))
        #expect((placed.n, placed.seq) == (6, 11))
    }

    @Test(arguments: KeeperKind.allCases)
    func `a name moves to another incarnation of the process`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        let moved = try bench.granted(bench.again(ada, by: bench.other))
        #expect(moved.fence > ada.grant.fence)
        #expect(try bench.keeper.heldKeys(of: bench.node) == [])
        #expect(try bench.keeper.heldKeys(of: bench.other) == ["ada"])
    }

    @Test(arguments: KeeperKind.allCases)
    func `a name that has passed on is lost`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        #expect(try bench.release(ada))
        _ = try bench.hold("Ada")
        #expect(try bench.keeper.claim(bench.again(ada)) == .lost)
        #expect(try bench.keeper.claim(bench.again(ada, fence: .max >> 12)) == .lost)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a name whose record is gone comes back as it was, above its old fence`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        try bench.keeper.erase()
        #expect(try bench.begin(highestEpoch: bench.reign.epoch))
        try bench.register(bench.node)
        let fence = bench.reign.epoch << 20 + 7
        let back = try bench.granted(bench.again(ada, n: 4, seq: 3, fence: fence))
        #expect(back == Grant(fence: fence + 1, lineage: ada.claim.lineage, n: 4, seq: 3))
    }

    // MARK: Grace

    @Test(arguments: KeeperKind.allCases)
    func `in the grace only names held before are granted`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        try bench.keeper.restart()
        #expect(try bench.begin())
        #expect(try bench.keeper.claim(bench.claim("Bob")) == .grace)
        // The record is of an older reign: no claim of this one that could be repeated.
        let stale = Claim(
            reign: bench.reign,
            username: ada.claim.username,
            incarnation: bench.node,
            session: ada.claim.session,
            lineage: ada.claim.lineage
        )
        #expect(try bench.keeper.claim(stale) == .grace)
        let again = try bench.granted(bench.again(ada))
        #expect(try bench.granted(stale) == again)
        #expect(try bench.keeper.endGrace(bench.reign))
        _ = try bench.hold("Bob")
    }

    @Test(arguments: KeeperKind.allCases)
    func `a name that somebody else has had meanwhile is lost, though its record is gone`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        _ = try bench.say(ada, [1])
        _ = try bench.certify(bench.node, counter: 0)
        let claim = try bench.claim("Ada", by: bench.other)
        let later = Holding(claim: claim, grant: try bench.granted(claim))
        #expect(try bench.release(later))
        // Which of its messages were accepted, nothing tells any more.
        #expect(try bench.keeper.claim(bench.again(ada, by: bench.other)) == .lost)
        // In a new epoch the record may be gone with the data.
        try bench.keeper.restart()
        try bench.begin()
        #expect(try bench.granted(bench.again(ada, by: bench.other)).n == 0)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a record brought back with older data gives way to the fence it has not seen`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let old = try bench.hold("Ada")
        try bench.keeper.restart()
        try bench.begin()
        // Somebody was granted the name after the state that has come back.
        let session = SessionID(using: &bench.random)
        func claim(_ fence: UInt64) throws -> Claim {
            Claim(
                reign: bench.reign,
                username: old.claim.username,
                incarnation: bench.other,
                session: session,
                lineage: Lineage(using: &bench.random),
                known: .init(fence: fence, n: 2, seq: 2, epoch: old.claim.reign.epoch)
            )
        }
        #expect(try bench.keeper.claim(claim(old.grant.fence)) == .lost)
        let grant = try bench.granted(claim(old.grant.fence + 1))
        #expect((grant.n, grant.seq) == (2, 2))
        #expect(try bench.keeper.claim(bench.again(old)) == .lost)
        #expect(try bench.keeper.heldKeys(of: bench.node) == [])
    }
}
