import TestSupport
import Testing

@testable import ChatCore

/// Tests what a client is told of messages that Redis did not answer, and that are sent again, when its login is
/// over. Others may have heard them, before Redis lost the data that counted them.
@Suite struct EndedLoginTests {
    private typealias Harness = BrokerClientTests.BrokerClientHarness

    /// Tells a loop that socket 1's name was taken over.
    private func replace(_ harness: Harness) throws {
        let login = try #require(harness.client.held[harness.id(1)]?.login)
        harness.ask { client, _ in client.replaced(login) }
    }

    /// A loop that learns that the name was taken over after it has sent two messages again.
    private func replacedWhileSent() throws -> Harness {
        let harness = try Harness.cut()
        harness.grant(fence: 8, n: 0)
        harness.say("d")
        #expect(harness.takeSaid() == ["a.1/8", "b.2/8"])
        try replace(harness)
        return harness
    }

    @Test(arguments: [DraftTag.none, .number(1)], ["lobby", "tea"])
    func `messages that wait to be sent again are unknown, and the next one is lost`(
        tag: DraftTag,
        room: String
    ) throws {
        let room = try RoomName(room)
        let harness = try Harness.cut(in: room, tag)
        harness.ask { client, _ in client.closed(room) }
        harness.say("d", in: room, tag: tag.advanced(by: 2))
        harness.grant(fence: 8, n: 0)
        try replace(harness)
        #expect(harness.told == ["1 replaced Ada", "1 unknown", "1 unknown"])
        harness.open(room)
        #expect(harness.takeSaid() == [])
        #expect(harness.told.dropFirst(3) == ["1 lost"])
    }

    @Test(arguments: [1, 2])
    func `messages that wait to be sent again are accepted if a later grant counts them`(
        counted: UInt64
    ) throws {
        let harness = try Harness.cut()
        harness.ask { client, _ in client.closed(.lobby) }
        harness.grant(fence: 8, n: 0)
        // Older data comes back, which has the first one or both.
        harness.registrationChanged(epoch: 4)
        harness.grant(fence: 9, n: counted)
        try replace(harness)
        let rest = counted == 1 ? "1 unknown" : "1 accepted -"
        #expect(harness.told == ["1 replaced Ada", "1 accepted -", rest])
    }

    @Test func `messages sent again that the newer login's fence refuses are unknown`() throws {
        let harness = try replacedWhileSent()
        harness.answer(.publish(.verdicts([.fenced, .fenced], ms: 1)))
        #expect(harness.told == ["1 replaced Ada", "1 unknown", "1 unknown", "1 lost"])
    }

    @Test func `messages sent again that meet another history are unknown`() throws {
        let harness = try replacedWhileSent()
        harness.answer(.publish(.otherHistory))
        harness.open(.lobby)
        #expect(
            harness.told
                == ["1 replaced Ada", "1 unknown", "1 unknown", "doubts lobby", "1 lost"]
        )
        #expect(harness.takeSaid() == [])
    }

    @Test func `messages sent again whose call is refused are unknown`() throws {
        let harness = try replacedWhileSent()
        harness.answer(.refused(reason: "no memory"))
        #expect(harness.told == ["1 replaced Ada", "1 unknown", "1 unknown", "1 lost"])
    }

    @Test func `a removal sent again that finds nothing is unknown`() throws {
        let harness = Harness()
        try harness.hold(1, "Ada")
        harness.say("r", tag: .number(1).ofRemoval(by: .author))
        harness.linkLost()
        harness.linkUp()
        harness.grant(fence: 8, n: 0)
        try replace(harness)
        harness.answer(.publish(.verdicts([.notRemoved(.notFound)], ms: 1)))
        #expect(harness.told == ["1 replaced Ada", "1 unknown"])
    }

    @Test func `messages sent once are lost if the newer login's fence refuses them`() throws {
        let harness = Harness()
        try harness.hold(1, "Ada")
        harness.say("a", "b")
        try replace(harness)
        harness.answer(.publish(.verdicts([.fenced, .fenced], ms: 1)))
        #expect(harness.told == ["1 replaced Ada", "1 lost", "1 lost"])
    }

    @Test func `messages sent once are refused if their call is`() throws {
        let harness = Harness()
        try harness.hold(1, "Ada")
        harness.say("a", "b")
        try replace(harness)
        harness.answer(.refused(reason: "no memory"))
        #expect(harness.told == ["1 replaced Ada", "1 refused", "1 refused"])
    }
}
