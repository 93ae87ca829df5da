import ChatCore
import TestSupport
import Testing

/// Names: the store and the scripts alike.
@Suite struct NameTests {
    @Test(arguments: StoreKind.allCases)
    func `a holder that was taken off the list by hand is watched before it is taken for dead`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let third = Incarnation(using: &harness.random)
        try harness.subject.loseNodes()
        try harness.register(third)
        let claim = try harness.claim("Ada", by: third)
        // It may live, and prove its lease for a while.
        #expect(try harness.subject.claim(claim) == .taken)
        #expect(try harness.subject.claim(claim) == .taken)
        guard case .roster(let roster) = try harness.renew(third) else { throw Unexpected("?") }
        #expect(roster.heartbeats.contains(.init(incarnation: harness.node, counter: 0)))
        #expect(try harness.certify(harness.node, counter: 0, by: third) == .certified)
        #expect(try harness.granted(claim).fence > ada.grant.fence)
    }

    @Test(arguments: StoreKind.allCases)
    func `a name of nobody that is known comes free, whatever else was lost of its holder`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        try harness.subject.loseNodes()
        try harness.subject.loseHeld(of: harness.node)
        try harness.register(harness.other)
        let claim = try harness.claim("Ada", by: harness.other)
        #expect(try harness.subject.claim(claim) == .taken)
        #expect(try harness.certify(harness.node, counter: 0) == .certified)
        #expect(try harness.subject.heldKeys(of: harness.node) == [ada.claim.username.key])
        #expect(try harness.reap(harness.node, [ada.claim.username.key]) == .left(0))
        _ = try harness.granted(claim)
    }

    @Test(arguments: StoreKind.allCases)
    func `a free name is granted, a held one is taken on every node`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(ada.grant.producer == ada.claim.producer)
        #expect((ada.grant.n, ada.grant.seq) == (0, 0))
        #expect(try harness.subject.claim(harness.claim("ADA")) == .taken)
        #expect(try harness.subject.claim(harness.claim("ada", by: harness.other)) == .taken)
        #expect(try harness.subject.heldKeys(of: harness.node) == ["ada"])
        #expect(try harness.subject.heldKeys(of: harness.other) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a claim that is repeated gets the same answer`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(try harness.granted(ada.claim) == ada.grant)
        _ = try harness.say(ada, [1, 2])
        let later = try harness.granted(ada.claim)
        #expect(later.fence == ada.grant.fence)
        #expect((later.n, later.seq) == (2, 2))
    }

    @Test(arguments: StoreKind.allCases)
    func `a process nobody knows is granted nothing`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let stranger = Incarnation(using: &harness.random)
        #expect(try harness.subject.claim(harness.claim("Ada", by: stranger)) == .unregistered)
        #expect(try harness.subject.heldKeys(of: stranger) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `a release frees a name if it is still what the caller believes`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let old = try harness.hold("Ada")
        #expect(try harness.release(old))
        #expect(try !harness.release(old))
        #expect(try harness.subject.heldKeys(of: harness.node) == [])
        let new = try harness.hold("Ada")
        #expect(new.grant.producer != old.grant.producer)
        #expect(new.grant.fence > old.grant.fence)
        #expect(try !harness.release(old))
        for (incarnation, fence, isHeld) in [
            (harness.other, new.grant.fence, false), (harness.node, old.grant.fence, false),
            (harness.node, new.grant.fence, true),
        ] {
            let release = Release(key: "ada", incarnation: incarnation, condition: .fence(fence))
            #expect(try harness.subject.release(release) == isHeld)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a release counts in every epoch`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        try harness.subject.restart()
        #expect(try harness.release(ada))
    }

    // MARK: Claimed again

    @Test(arguments: StoreKind.allCases)
    func `a name claimed again has a new fence, and its producer and numbers`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1, 2])
        let again = try harness.granted(harness.again(ada, n: 1, seq: 1))
        #expect(
            again
                == Grant(
                    fence: ada.grant.fence + 1,
                    producer: ada.grant.producer,
                    n: 2,
                    seq: 2
                )
        )
        // What an older connection still carries is void.
        #expect(try harness.say(ada, [3]) == [.fenced])
        // The answer was lost: the same grant.
        #expect(try harness.granted(harness.again(ada)) == again)
    }

    @Test(arguments: StoreKind.allCases)
    func `of the record's number and the caller's the higher stands, with its place`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1])
        let higher = try harness.granted(harness.again(ada, n: 5, seq: 9))
        #expect((higher.n, higher.seq) == (5, 9))
        // Also where the grant is repeated.
        let repeated = try harness.granted(harness.again(ada, n: 6, seq: 0))
        #expect(repeated.fence == higher.fence)
        #expect((repeated.n, repeated.seq) == (6, 0))
        let known = Holding(claim: ada.claim, grant: repeated)
        #expect(try harness.say(known, [6]) == [.duplicate(seq: nil)])
        let placed = try harness.granted(harness.again(known, n: 6, seq: 11))
        #expect((placed.n, placed.seq) == (6, 11))
    }

    @Test(arguments: StoreKind.allCases)
    func `a name moves to another incarnation of the process`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let moved = try harness.granted(harness.again(ada, by: harness.other))
        #expect(moved.fence > ada.grant.fence)
        #expect(try harness.subject.heldKeys(of: harness.node) == [])
        #expect(try harness.subject.heldKeys(of: harness.other) == ["ada"])
    }

    @Test(arguments: StoreKind.allCases)
    func `a name that has passed on is lost`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(try harness.release(ada))
        _ = try harness.hold("Ada")
        #expect(try harness.subject.claim(harness.again(ada)) == .lost)
        #expect(try harness.subject.claim(harness.again(ada, fence: .max >> 12)) == .lost)
    }

    @Test(arguments: StoreKind.allCases)
    func `a name whose record is gone comes back as it was, above its old fence`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        try harness.subject.erase()
        #expect(try harness.begin(highestEpoch: harness.epoch.number))
        try harness.register(harness.node)
        let fence = harness.epoch.number << 20 + 7
        let back = try harness.granted(harness.again(ada, n: 4, seq: 3, fence: fence))
        #expect(back == Grant(fence: fence + 1, producer: ada.claim.producer, n: 4, seq: 3))
    }

    // MARK: Grace

    @Test(arguments: StoreKind.allCases)
    func `in the grace only names held before are granted`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        try harness.subject.restart()
        #expect(try harness.begin())
        #expect(try harness.subject.claim(harness.claim("Bob")) == .grace)
        // The record is of an older epoch: no claim of this one that could be repeated.
        let stale = SingleClaim(
            epoch: harness.epoch,
            username: ada.claim.username,
            incarnation: harness.node,
            login: ada.claim.login,
            producer: ada.claim.producer
        )
        #expect(try harness.subject.claim(stale) == .grace)
        let again = try harness.granted(harness.again(ada))
        #expect(try harness.granted(stale) == again)
        #expect(try harness.subject.endGrace(harness.epoch))
        _ = try harness.hold("Bob")
    }

    @Test(arguments: StoreKind.allCases)
    func `a name that somebody else has had meanwhile is lost, though its record is gone`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1])
        _ = try harness.certify(harness.node, counter: 0)
        let claim = try harness.claim("Ada", by: harness.other)
        let later = Holding(claim: claim, grant: try harness.granted(claim))
        #expect(try harness.release(later))
        // Which of its messages were accepted, nothing tells any more.
        #expect(try harness.subject.claim(harness.again(ada, by: harness.other)) == .lost)
        // So it is in a new epoch, unless the record may be gone with the data.
        try harness.subject.restart()
        try harness.begin()
        #expect(try harness.subject.claim(harness.again(ada, by: harness.other)) == .lost)
        try harness.subject.erase()
        try harness.begin(highestEpoch: harness.epoch.number)
        try harness.register(harness.other)
        #expect(try harness.granted(harness.again(ada, by: harness.other)).n == 0)
    }

    @Test(arguments: StoreKind.allCases)
    func `a record brought back with older data gives way to the fence it has not seen`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let old = try harness.hold("Ada")
        try harness.subject.restart()
        try harness.begin()
        // Another login was granted the name after the state that has come back was saved.
        let login = LoginID(using: &harness.random)
        func claim(_ fence: UInt64) throws -> SingleClaim {
            SingleClaim(
                epoch: harness.epoch,
                username: old.claim.username,
                incarnation: harness.other,
                login: login,
                producer: ProducerID(using: &harness.random),
                known: .init(fence: fence, n: 2, seq: 2, epoch: old.claim.epoch.number)
            )
        }
        #expect(try harness.subject.claim(claim(old.grant.fence)) == .lost)
        let grant = try harness.granted(claim(old.grant.fence + 1))
        #expect((grant.n, grant.seq) == (2, 2))
        #expect(try harness.subject.claim(harness.again(old)) == .lost)
        #expect(try harness.subject.heldKeys(of: harness.node) == [])
    }
}
