import ChatCore
import TestSupport
import Testing

/// Names that are taken over, that linger, and that are kept for their users: the store and the scripts
/// alike.
@Suite struct TakeOverTests {
    @Test(arguments: StoreKind.allCases)
    func `a secret takes a name over from a living node, and its messages go on`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let old = try harness.hold("Ada")
        #expect(try harness.say(old, [1, 2]) == [.accepted(seq: 1), .accepted(seq: 2)])
        let new = try harness.holds(harness.takeOver(old, by: harness.other))
        #expect(
            try harness.subject.takeTold() == ["chat@\(harness.node) replaced \(old.claim.login)"]
        )
        #expect(new.grant.producer == old.grant.producer)
        #expect(new.grant.n == 2 && new.grant.seq == 2)
        #expect(new.grant.fence > old.grant.fence)
        #expect(try harness.say(old, [3]) == [.fenced])
        #expect(try harness.say(new, [2, 3]) == [.duplicate(seq: 2), .accepted(seq: 3)])
        #expect(try harness.subject.claim(harness.again(old)) == .replaced)
        #expect(try harness.subject.heldKeys(of: harness.node) == [])
        #expect(try harness.subject.heldKeys(of: harness.other) == ["ada"])
    }

    @Test(arguments: StoreKind.allCases)
    func `a stranger's secret, none, or an old one takes nothing over`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let first = try harness.hold("Ada")
        let bob = try harness.hold("Bob")
        #expect(
            try harness.subject.claim(harness.takeOver(first, proof: bob.claim.login)) == .taken
        )
        #expect(try harness.subject.claim(harness.claim("Ada")) == .taken)
        let second = try harness.holds(harness.takeOver(first))
        let third = try harness.holds(harness.takeOver(second))
        _ = try harness.release(third, .linger)
        #expect(
            try harness.subject.claim(harness.takeOver(third, proof: first.claim.login)) == .taken
        )
    }

    @Test(arguments: StoreKind.allCases)
    func `the secret before works while its successor's socket is gone, however often it is lost`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let first = try harness.hold("Ada")
        // Its user is never told of these logins' secrets.
        var lost = try harness.holds(harness.takeOver(first))
        for _ in 0..<2 {
            #expect(try harness.subject.claim(harness.takeOver(first)) == .successorStands)
            #expect(try harness.release(lost, .linger))
            lost = try harness.holds(harness.takeOver(first, by: harness.other))
            #expect(lost.grant.producer == first.grant.producer)
        }
        #expect(try harness.release(lost, .empty))
        lost = try harness.holds(harness.takeOver(first))
        #expect(lost.grant.producer == first.grant.producer)
        // Its node dies.
        #expect(try harness.certify(harness.node, counter: 0) == .certified)
        #expect(
            try harness.granted(harness.takeOver(first, by: harness.other)).producer
                == first.grant.producer
        )
    }

    @Test(arguments: StoreKind.allCases, [false, true])
    func `a take-over goes on above the numbers that others may have heard`(
        _ kind: StoreKind,
        isReleased: Bool
    ) async throws {
        let harness = try await StoreHarness(kind)
        let old = try harness.hold("Ada")
        _ = try harness.say(old, [1])
        // Two more have been said, and all data was lost that counted them: they may be said again.
        let again = try harness.holds(harness.again(old, n: 1, seq: 1, reserved: 3))
        #expect(again.grant.n == 1)
        #expect(try harness.say(again, [2]) == [.accepted(seq: 2)])
        if isReleased { _ = try harness.release(again, .empty) }
        let new = try harness.holds(harness.takeOver(again, by: harness.other))
        #expect(new.grant.producer == old.grant.producer)
        #expect(new.grant.n == 3 && new.grant.seq == 0)
        #expect(try harness.say(new, [4]) == [.accepted(seq: 3)])
        let last = try harness.holds(harness.takeOver(new))
        #expect(last.grant.n == 4)
    }

    @Test(arguments: StoreKind.allCases)
    func `a name that lingers is held`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(try harness.release(ada, .linger))
        #expect(try harness.subject.claim(harness.claim("Ada")) == .taken)
        #expect(try harness.subject.heldKeys(of: harness.node) == ["ada"])
        #expect(try harness.granted(harness.again(ada)).producer == ada.grant.producer)
        // It has lingered for long enough.
        #expect(try harness.release(ada, .empty))
        #expect(try !harness.release(ada, .linger))
        #expect(try harness.granted(harness.claim("Ada")).producer != ada.grant.producer)
    }

    @Test(arguments: StoreKind.allCases)
    func `an emptied name is its user's with the numbers, unless another one comes first`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1, 2, 3])
        #expect(try harness.release(ada, .empty))
        #expect(try harness.subject.heldKeys(of: harness.node) == [])
        let back = try harness.holds(harness.takeOver(ada, by: harness.other))
        #expect(back.grant.producer == ada.grant.producer && back.grant.n == 3)
        #expect(try harness.say(back, [3, 4]) == [.duplicate(seq: 3), .accepted(seq: 4)])
        #expect(try harness.release(back, .empty))
        let stranger = try harness.holds(harness.claim("Ada"))
        #expect(stranger.grant.producer != ada.grant.producer && stranger.grant.n == 0)
        #expect(try harness.subject.claim(harness.takeOver(back)) == .taken)
    }

    @Test(arguments: StoreKind.allCases)
    func `a deleted name is its former user's no more`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(try harness.release(ada))
        let new = try harness.granted(harness.takeOver(ada))
        #expect(new.producer != ada.grant.producer)
    }

    @Test(arguments: StoreKind.allCases)
    func `in the grace a secret counts on what was claimed again`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        try harness.subject.restart()
        try harness.begin()
        let claim = harness.takeOver(ada, by: harness.other)
        #expect(try harness.subject.claim(claim) == .grace)
        let again = try harness.granted(harness.again(ada))
        #expect(try harness.subject.claim(harness.claim("Ada", by: harness.other)) == .grace)
        let new = try harness.granted(harness.takeOver(ada, by: harness.other))
        #expect(new.producer == again.producer && new.fence > again.fence)
    }

    @Test(arguments: StoreKind.allCases)
    func `a record of an older epoch goes on with its numbers, under ids that were never given`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1, 2])
        // The next producer has no use for the numbers that this one reserves.
        let again = try harness.holds(harness.again(ada, n: 2, seq: 2, reserved: 5))
        #expect(try harness.release(again, .empty))
        try harness.subject.restart()
        try harness.begin()
        #expect(try harness.subject.endGrace(harness.epoch))
        let back = try harness.holds(harness.takeOver(ada))
        #expect(back.grant.n == 2 && back.grant.producer != ada.grant.producer)
        #expect(try harness.say(back, [2, 3]) == [.duplicate(seq: 2), .accepted(seq: 3)])
    }

    @Test(arguments: StoreKind.allCases)
    func `a take-over whose answer was lost is answered as the first time`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let claim = harness.takeOver(ada)
        let granted = try harness.granted(claim)
        #expect(try harness.granted(claim) == granted)
        // It was given up meanwhile, because its client had waited too long.
        #expect(try harness.release(Holding(claim: claim, grant: granted), .empty))
        #expect(try harness.granted(claim).producer == granted.producer)
    }

    /// A process is stopped while its client comes back elsewhere, sends its messages again and logs out. In
    /// the next epoch it must not claim the name again, and say those messages a second time.
    @Test(arguments: StoreKind.allCases, [false, true])
    func `a name that has passed on is not claimed again by its former holder once it is given up`(
        _ kind: StoreKind,
        isClaimedFresh: Bool
    ) async throws {
        let harness = try await StoreHarness(kind)
        let stopped = try harness.hold("Ada")
        var last = try harness.holds(harness.takeOver(stopped, by: harness.other))
        _ = try harness.say(last, [1, 2])
        if isClaimedFresh {
            #expect(try harness.release(last, .empty))
            last = try harness.holds(harness.claim("Ada", by: harness.other))
        }
        #expect(try harness.release(last))
        for _ in 1...2 {
            try harness.subject.restart()
            try harness.begin()
            #expect(try harness.subject.claim(harness.again(stopped)) == .lost)
            #expect(try harness.subject.endGrace(harness.epoch))
        }
        // It is free for all, and keeps no one's numbers.
        let new = try harness.holds(harness.takeOver(last, by: harness.node))
        #expect(new.grant.producer != last.grant.producer && new.grant.n == 0)
        #expect(try harness.subject.claim(harness.again(stopped)) == .lost)
        // A loss of all data is told by the fence: the name is its holder's still.
        #expect(try harness.release(new))
        try harness.subject.erase()
        try harness.begin(highestEpoch: harness.epoch.number)
        try harness.register(harness.node)
        #expect(try harness.granted(harness.again(stopped)).fence > stopped.grant.fence)
    }

    @Test func `what is kept of free names ends`() throws {
        let store = SwiftStore(.init())
        let harness = try StoreHarness(store)
        let ada = try harness.hold("Ada")
        let bob = try harness.hold("Bob")
        #expect(try harness.release(ada, .empty))
        #expect(store.store.hasFreeNames)
        let day = Int64(24 * 3600 * 1000)
        store.store.removeOldNames(ms: store.ms + day)
        #expect(try harness.granted(harness.takeOver(ada)).producer == ada.grant.producer)
        #expect(try harness.release(bob, .empty))
        store.store.removeOldNames(ms: store.ms + day + 1)
        #expect(!store.store.hasFreeNames)
        #expect(try harness.granted(harness.takeOver(bob)).producer != bob.grant.producer)
    }
}
