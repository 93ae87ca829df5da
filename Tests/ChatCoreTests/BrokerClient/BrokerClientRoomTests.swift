import TestSupport
import Testing

@testable import ChatCore

extension BrokerClientTests.BrokerClientHarness {
    func open(_ room: RoomName) {
        ask { $0.opened(room, at: Self.place(0), into: &$1) }
    }

    /// Returns the rooms that were entered and left since the last time.
    func takeInterests() -> [String] {
        defer { interests = [] }
        return interests.filter { !$0.hasSuffix("lobby") }
    }
}

/// What a loop's client of the broker does about rooms that come and go.
extension BrokerClientTests {
    @Test func `a room of another name has an order and a call of its own`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        try harness.hold(2, "Bob")
        let other = try RoomName("other")
        harness.open(other)
        harness.say(1, "a")
        harness.say(2, "b", in: other)
        harness.say(1, "c")
        #expect(harness.takeSaid() == ["a.1/7", "b.1/7"])
        harness.answer(.publish(.verdicts([.accepted(seq: 1)], ms: 1)))
        #expect(harness.takeSaid() == ["c.2/7"])
        harness.answer(.publish(.verdicts([.accepted(seq: 1)], ms: 1)))
        harness.answer(.publish(.verdicts([.accepted(seq: 2)], ms: 1)))
        #expect(harness.client.rooms.isIdle)
    }

    @Test func `a room is entered for its first member or message, and left after the last`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        let other = try RoomName("other")
        harness.ask { $0.memberJoined(other, into: &$1) }
        harness.say(1, "a", in: other)
        #expect(harness.takeInterests() == ["enter other"])
        harness.ask { $0.memberLeft(other, into: &$1) }
        #expect(harness.takeInterests() == [])
        // The message waits until the room is open.
        #expect(harness.takeSaid() == [])
        harness.open(other)
        #expect(harness.takeSaid() == ["a.1/7"])
        harness.tick()
        #expect(harness.takeInterests() == [])
        harness.answer(.publish(.verdicts([.accepted(seq: 1)], ms: 1)))
        harness.tick()
        #expect(harness.takeInterests() == ["leave other"])
        harness.ask { $0.memberJoined(other, into: &$1) }
        #expect(harness.takeInterests() == ["enter other"])
        harness.ask { $0.memberLeft(other, into: &$1) }
        #expect(harness.takeInterests() == ["leave other"])
    }

    @Test func `a message for a room that does not open in time is refused`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.say(1, "a", in: try RoomName("other"))
        harness.now = harness.now + Limits.publishPatience
        harness.tick()
        #expect(harness.told == ["1 refused"])
        #expect(harness.takeInterests() == ["enter other", "leave other"])
        #expect(harness.client.rooms.all.count { !$0.isUnused } == 1)
    }

    @Test func `a room that is closed is forgotten, and its number is another room's`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        let first = try RoomName("first")
        harness.open(first)
        harness.ask { client, _ in client.closed(first) }
        harness.open(try RoomName("second"))
        #expect(harness.client.rooms.all.map(\.room.text) == ["lobby", "second"])
        harness.say(1, "a", in: first)
        #expect(harness.takeSaid() == [])
        #expect(harness.client.rooms.all.map(\.room.text) == ["lobby", "second", "first"])
    }

    @Test func `what waits for a room that is closed leaves when it is opened again`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        try harness.hold(2, "Bob")
        let other = try RoomName("other")
        harness.open(other)
        harness.say(1, "a", in: other)
        harness.say(2, "b", in: other)
        #expect(harness.takeSaid() == ["a.1/7"])
        harness.ask { client, _ in client.closed(other) }
        harness.answer(.publish(.verdicts([.accepted(seq: 1)], ms: 1)))
        harness.tick()
        #expect(harness.takeSaid() == [])
        harness.open(other)
        #expect(harness.takeSaid() == ["b.1/7"])
        #expect(harness.takeInterests() == ["enter other"])
    }

    @Test func `a room that is refused is left, and what waits for it is refused`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        let other = try RoomName("other")
        harness.ask { $0.memberJoined(other, into: &$1) }
        harness.say(1, "a", in: other)
        harness.ask { $0.refused(other, into: &$1) }
        #expect(harness.told == ["1 refused"])
        #expect(harness.takeInterests() == ["enter other", "leave other"])
        #expect(harness.client.rooms.all.count { !$0.isUnused } == 1)
    }
}
