import Testing

@testable import ChatCore

/// What becomes of the number of a message whose answer got lost, and which the record does not count.
@Suite struct RefusedNumberTests {
    private typealias Harness = BrokerClientTests.BrokerClientHarness

    /// A loop that has sent messages of a socket, and whose link is back when they are too old to be sent again.
    private func tooLate(_ tags: [DraftTag]) throws -> Harness {
        let harness = Harness()
        try harness.hold(1, "Ada")
        for (text, tag) in zip(["a", "b", "c"], tags) {
            let draft = Draft(
                sender: harness.id(1),
                room: .lobby,
                body: Array(text.utf8),
                tag: tag
            )
            harness.ask { $0.publish(draft, now: harness.now, into: &$1) }
        }
        harness.linkGone()
        harness.told = []
        harness.now = harness.now + Limits.resendAge
        harness.linkUp()
        _ = harness.takeCalls()
        return harness
    }

    @Test func `a message that is too old is refused, and its number is no other message's`() throws
    {
        let harness = try tooLate([.none])
        harness.grant(fence: 8, n: 0)
        #expect(harness.told == ["1 refused"])
        // Others may have heard it, before all data was lost that counted it.
        #expect(try harness.takeClaimAgain().known == .init(fence: 8, n: 1, seq: 0, epoch: 3))
        harness.say(1, "d")
        #expect(harness.takeSaid() == [])
        harness.grant(fence: 9, n: 1)
        #expect(harness.told == ["1 refused"])
        #expect(harness.takeSaid() == ["d.2/9"])
    }

    @Test func `a client that has numbered its message says it again under that number`() throws {
        let harness = try tooLate([.number(1)])
        harness.grant(fence: 8, n: 0)
        #expect(harness.told == ["1 refused"])
        harness.say(1, "a")
        #expect(harness.takeSaid() == ["a.1/8"])
    }
}
