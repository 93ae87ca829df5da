import TestSupport
import Testing

@testable import ChatCore

/// Tests which number the next message gets after one that Redis did not answer and that the name's record does
/// not count. Others may have heard that one, before Redis lost the data that counted it.
@Suite struct RefusedNumberTests {
    private typealias Harness = BrokerClientTests.BrokerClientHarness

    /// The ways in which a message is refused that was to be sent again.
    enum Way: CaseIterable {
        case waitedTooLong, linkIsGone, leaseHasEnded, roomIsRefused, callIsRefused
    }

    /// Says one more message, and checks that it gets a number after the refused ones.
    private func sayThird(_ harness: Harness) throws {
        _ = harness.takeCalls()
        harness.say("d")
        #expect(try harness.takeClaimAgain().known == .init(fence: 8, n: 2, seq: 0, epoch: 3))
        harness.grant(fence: 9, n: 2)
        #expect(harness.takeSaid() == ["d.3/9"])
    }

    @Test func `a message that is too old is refused, and its number is no other message's`() throws
    {
        let harness = try Harness.cut(for: Limits.resendAge)
        let known = Claim.Known(fence: 7, n: 0, seq: 0, epoch: 3, reserved: 2)
        #expect(try harness.takeClaimAgain().known == known)
        harness.grant(fence: 8, n: 0)
        #expect(harness.told == ["1 refused", "1 refused"])
        try sayThird(harness)
    }

    @Test(arguments: Way.allCases)
    func `a message that is refused while it is sent again keeps its number`(_ way: Way) throws {
        let harness = try Harness.cut()
        if way != .callIsRefused { harness.ask { client, _ in client.closed(.lobby) } }
        harness.grant(fence: 8, n: 0)
        #expect(harness.takeSaid() == (way == .callIsRefused ? ["a.1/8", "b.2/8"] : []))
        switch way {
        case .waitedTooLong:
            harness.now = harness.now + Limits.publishPatience
            harness.tick()
        case .linkIsGone:
            harness.linkGone()
            harness.linkUp()
        case .leaseHasEnded:
            harness.client.leaseExpiry = harness.now
            harness.open(.lobby)
            harness.client.leaseExpiry = .distantFuture
        case .roomIsRefused: harness.ask { $0.refused(.lobby, into: &$1) }
        case .callIsRefused: harness.answer(.refused(reason: "no memory"))
        }
        #expect(harness.told == ["1 refused", "1 refused"])
        if way != .callIsRefused { harness.open(.lobby) }
        try sayThird(harness)
    }

    @Test func `messages that are sent again have their numbers again, before later ones`() throws {
        let harness = try Harness.cut()
        harness.say("d")
        harness.grant(fence: 8, n: 0)
        #expect(harness.takeSaid() == ["a.1/8", "b.2/8", "d.3/8"])
    }

    @Test func `if the first of two is refused, the second keeps its number`() throws {
        let harness = Harness()
        try harness.hold(1, "Ada")
        harness.say("x")
        harness.say("a")
        harness.now = harness.now + .milliseconds(500)
        harness.say("b")
        harness.answer(.publish(.verdicts([.accepted(seq: 41)], ms: 1)))
        #expect(harness.takeSaid() == ["x.1/7", "a.2/7", "b.3/7"])
        harness.linkLost()
        harness.now = harness.now + (Limits.resendAge - .milliseconds(500))
        harness.linkUp()
        harness.grant(fence: 8, n: 1)
        #expect(harness.told == ["1 accepted 41", "1 refused"])
        #expect(try harness.takeClaimAgain().known?.n == 2)
        harness.grant(fence: 9, n: 2)
        #expect(harness.takeSaid() == ["b.3/9"])
    }

    @Test func `a message that meets another history keeps its number, sent or refused`() throws {
        let harness = try Harness.cut()
        harness.grant(fence: 8, n: 0)
        harness.now = harness.now + .milliseconds(500)
        harness.say("c")
        _ = harness.takeCalls()
        harness.answer(.publish(.otherHistory))
        harness.open(.lobby)
        #expect(harness.takeSaid() == ["a.1/8", "b.2/8", "c.3/8"])
        harness.answer(.publish(.otherHistory))
        harness.now = harness.now + (Limits.publishPatience - .milliseconds(500))
        harness.tick()
        #expect(harness.told == ["doubts lobby", "doubts lobby", "1 refused", "1 refused"])
        harness.open(.lobby)
        #expect(try harness.takeClaimAgain().known?.n == 2)
        harness.grant(fence: 9, n: 2)
        #expect(harness.takeSaid() == ["c.3/9"])
    }

    @Test func `of two messages in doubt the second is refused, and the first keeps its number`()
        throws
    {
        let harness = Harness()
        try harness.hold(1, "Ada")
        try harness.hold(2, "Bob")
        let long = String(repeating: "b", count: Limits.batchBytes - 2)
        harness.ask { client, effects in
            for (slot, text) in [(1, "one"), (1, "two"), (2, long)] {
                let draft = Draft(
                    sender: harness.id(Int32(slot)),
                    room: .lobby,
                    body: Array(text.utf8)
                )
                client.publish(draft, now: harness.now, into: &effects)
            }
        }
        harness.linkLost()
        harness.linkUp()
        _ = harness.takeCalls()
        let producer = try #require(ProducerID("abcdefgh"))
        let grant = ClaimVerdict.granted(Grant(fence: 8, producer: producer, n: 0, seq: 0))
        // Bob's message is settled after Ada's and so put back in front of them. With it and Ada's first one the
        // call is full.
        harness.verdict(grant, grant)
        #expect(harness.takeSaid() == ["\(long).1/8", "one.1/8"])
        harness.now = harness.now + Limits.publishPatience
        harness.tick()
        #expect(harness.told == ["1 refused"])
        harness.answer(.publish(.otherHistory))
        harness.open(.lobby)
        #expect(harness.takeSaid() == ["\(long).1/8", "one.1/8"])
        harness.say("d")
        harness.answer(.publish(.verdicts([.accepted(seq: 41), .accepted(seq: 42)], ms: 1)))
        #expect(try harness.takeClaimAgain().known == .init(fence: 8, n: 2, seq: 0, epoch: 3))
        harness.grant(fence: 9, n: 2)
        #expect(harness.takeSaid() == ["d.3/9"])
    }

    @Test(arguments: [1, 2])
    func `a message that a later grant counts is not said again`(counted: UInt64) throws {
        let harness = try Harness.cut()
        harness.ask { client, _ in client.closed(.lobby) }
        harness.grant(fence: 8, n: 0)
        // Older data comes back, which has the first one or both.
        harness.registrationChanged(epoch: 4)
        harness.grant(fence: 9, n: counted)
        _ = harness.takeCalls()
        harness.ask { $0.opened(.lobby, at: Harness.place(40, epoch: 4), into: &$1) }
        #expect(harness.takeSaid() == (counted == 1 ? ["b.2/9"] : []))
        #expect(harness.told == Array(repeating: "1 accepted -", count: Int(counted)))
        if counted == 1 { harness.answer(.publish(.verdicts([.accepted(seq: 41)], ms: 1))) }
        harness.say("d")
        #expect(harness.takeSaid() == ["d.3/9"])
    }

    @Test func `a message that Redis has not written in a new epoch reserves no number`() throws {
        let harness = Harness()
        try harness.hold(1, "Ada")
        harness.say("a")
        harness.answer(.publish(.otherEpoch))
        #expect(harness.client.held[harness.id(1)]?.reserved == 0)
    }

    @Test func `a client that has numbered its message says it again under that number`() throws {
        let harness = try Harness.cut(for: Limits.resendAge, .number(1))
        #expect(try harness.takeClaimAgain().known == .init(fence: 7, n: 0, seq: 0, epoch: 3))
        harness.grant(fence: 8, n: 0)
        #expect(harness.told == ["1 refused", "1 refused"])
        harness.say("a", tag: .number(1))
        #expect(harness.takeSaid() == ["a.1/8"])
    }

    // MARK: Removals

    /// A loop that has sent a removal again, whose first answer got lost.
    private func removal(_ tag: DraftTag, _ answer: RemovalRefusal) throws -> Harness {
        let harness = Harness()
        try harness.hold(1, "Ada")
        harness.say("r", tag: tag.ofRemoval(by: .author))
        _ = harness.takeCalls()
        harness.linkLost()
        harness.linkUp()
        harness.grant(fence: 8, n: 0)
        #expect(harness.takeSaid() == ["r.1/8"])
        harness.answer(.publish(.verdicts([.notRemoved(answer)], ms: 1)))
        return harness
    }

    @Test func `a removal that finds nothing keeps its number if the node has numbered it`() throws
    {
        let harness = try removal(.count(1), .notFound)
        #expect(harness.told == ["1 not removed"])
        harness.say("d")
        #expect(try harness.takeClaimAgain().known == .init(fence: 8, n: 1, seq: 0, epoch: 3))
        harness.grant(fence: 9, n: 1)
        #expect(harness.takeSaid() == ["d.2/9"])
    }

    @Test func `a numbered removal that finds nothing when it is sent again counts as made`() throws
    {
        let harness = try removal(.number(1), .notFound)
        // Its client learns it when the record has the number.
        #expect(harness.told == [])
        #expect(try harness.takeClaimAgain().known == .init(fence: 8, n: 1, seq: 0, epoch: 3))
        harness.grant(fence: 9, n: 1)
        #expect(harness.told == ["1 accepted -"])
        harness.say("d", tag: .number(2))
        #expect(harness.takeSaid() == ["d.2/9"])
    }

    @Test func `a removal that counts as made is told once if the link is cut before the claim`()
        throws
    {
        let harness = try removal(.number(1), .notFound)
        harness.linkLost()
        harness.linkUp()
        harness.grant(fence: 9, n: 1)
        #expect(harness.told == ["1 accepted -"])
    }

    @Test func `a removal that counts as made is told once if the name passes on before the claim`()
        throws
    {
        let harness = try removal(.number(1), .notFound)
        harness.verdict(.replaced)
        #expect(harness.told == ["1 replaced Ada", "1 accepted -"])
    }

    @Test func `a numbered removal that is too soon when it is sent again has to be repeated`()
        throws
    {
        let harness = try removal(.number(1), .tooSoon(retryAfter: .seconds(1)))
        #expect(harness.told == ["1 not removed"])
        harness.say("r", tag: .number(1).ofRemoval(by: .author))
        #expect(harness.takeSaid() == ["r.1/8"])
        // Others may still have heard of the first one.
        harness.answer(.publish(.verdicts([.notRemoved(.notFound)], ms: 1)))
        harness.grant(fence: 9, n: 1)
        #expect(harness.told == ["1 not removed", "1 accepted -"])
    }

    @Test(arguments: [RemovalRefusal.notOwn, .tooLate])
    func `a removal that is forbidden frees its number`(_ refusal: RemovalRefusal) throws {
        let harness = try removal(.number(1), refusal)
        #expect(harness.told == ["1 not removed"])
        harness.say("r", tag: .number(1).ofRemoval(by: .author))
        #expect(harness.takeSaid() == ["r.1/8"])
        // It is another removal, which was never in doubt.
        harness.answer(.publish(.verdicts([.notRemoved(.notFound)], ms: 1)))
        #expect(harness.told == ["1 not removed", "1 not removed"])
    }
}
