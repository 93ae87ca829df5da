import TestSupport
import Testing

@testable import ChatCore

/// The rooms that names of one loop are present in.
@Suite struct BrokerClientPresenceTests {
    private let harness = BrokerClientTests.BrokerClientHarness()
    private let red: RoomName
    private let blue: RoomName

    init() throws {
        red = try RoomName("red")
        blue = try RoomName("blue")
    }

    /// Returns and removes the calls, in words.
    private func takeCalls() -> [String] {
        harness.takeCalls().flatMap { call -> [String] in
            switch call {
            case .claims(let call):
                call.claims.map { claim in
                    "claim \(claim.username.display) \(claim.rooms.map(\.text))"
                }
            case .presence(let call):
                call.moves.map { move in
                    let left = move.left.map { " -\($0.text)" }.joined()
                    let joined = move.joined.map { " +\($0.text)" }.joined()
                    return "\(move.username.display)/\(move.fence)\(left)\(joined)"
                }
            case .release(let release): ["\(release.action) \(release.key)"]
            case .publish: ["publish"]
            }
        }
    }

    private func claim(_ slot: Int32, _ name: String) throws {
        let username = try Username(name)
        harness.ask {
            $0.claim(
                username,
                for: harness.id(slot),
                isResumable: true,
                using: &harness.random,
                now: harness.now,
                into: &$1
            )
        }
    }

    private func grant(_ fence: UInt64, rooms: [RoomName] = []) throws {
        let producer = try #require(ProducerID("abcdefgh"))
        let grant = Grant(fence: fence, producer: producer, n: 0, seq: 0, rooms: rooms)
        harness.answer(.claims(.verdicts([.granted(grant)])))
    }

    private func join(_ slot: Int32, _ room: RoomName) {
        harness.ask { client, _ in client.beginPresence(in: room, of: harness.id(slot)) }
    }

    private func leave(_ slot: Int32, _ room: RoomName) {
        harness.ask { client, _ in client.endPresence(in: room, of: harness.id(slot)) }
    }

    private func answer(_ verdict: PresenceVerdict = .done) {
        harness.answer(.presence(.verdicts([verdict])))
    }

    /// Makes a resumable login hold a name.
    private func hold(_ slot: Int32, _ name: String, fence: UInt64 = 7) throws {
        try claim(slot, name)
        try grant(fence)
        _ = takeCalls()
    }

    /// Makes a resumable login hold a name that lingers from now on.
    private func vanish(_ slot: Int32, _ name: String) throws {
        try hold(slot, name)
        let username = try Username(name)
        harness.ask {
            $0.release(username, for: harness.id(slot), .linger, now: harness.now, into: &$1)
        }
        _ = takeCalls()
        harness.answer(.released)
    }

    @Test func `what a login joins and leaves is sent, one call at a time`() throws {
        try hold(1, "Ada")
        join(1, red)
        #expect(takeCalls() == ["Ada/7 +red"])
        join(1, blue)
        leave(1, red)
        #expect(takeCalls() == [])
        answer()
        #expect(takeCalls() == ["Ada/7 -red +blue"])
        answer()
        #expect(takeCalls() == [])
        // Rooms that it has and has not change nothing.
        join(1, blue)
        leave(1, red)
        #expect(takeCalls() == [])
        #expect(harness.client.isTurnEmpty)
    }

    @Test func `rooms that were joined before the login are sent after it, and after the next one`()
        throws
    {
        join(1, red)
        #expect(takeCalls() == [])
        try claim(1, "Ada")
        #expect(takeCalls() == ["claim Ada []"])
        try grant(7)
        #expect(takeCalls() == ["Ada/7 +red"])
        answer()
        try harness.release(1, "Ada")
        #expect(takeCalls() == ["delete ada"])
        harness.answer(.released)
        try claim(1, "Bob")
        _ = takeCalls()
        try grant(8)
        #expect(takeCalls() == ["Bob/8 +red"])
    }

    @Test func `the claim of a plain client says the lobby, each time`() throws {
        try harness.claim(1, "Ada")
        #expect(takeCalls() == ["claim Ada [\"lobby\"]"])
        try grant(7)
        harness.registrationChanged(epoch: 4)
        #expect(takeCalls() == ["claim Ada [\"lobby\"]"])
    }

    @Test func `a call without an answer has its names claimed again, with all their rooms`() throws
    {
        try hold(1, "Ada")
        join(1, red)
        answer()
        join(1, blue)
        _ = takeCalls()
        harness.linkLost()
        harness.linkUp()
        #expect(takeCalls() == ["claim Ada [\"red\", \"blue\"]"])
        leave(1, red)
        try grant(9)
        #expect(takeCalls() == ["Ada/9 -red"])
    }

    @Test func `a name that is not the caller's any more is claimed again`() throws {
        try hold(1, "Ada")
        join(1, red)
        _ = takeCalls()
        answer(.fenced)
        #expect(takeCalls() == ["claim Ada [\"red\"]"])
        harness.answer(.claims(.verdicts([.lost])))
        #expect(takeCalls() == [])
        // The session is still in the room, and may log in again.
        try claim(1, "Ada")
        _ = takeCalls()
        try grant(11)
        #expect(takeCalls() == ["Ada/11 +red"])
    }

    @Test func `after a take-over the rooms that are not joined again are left later`() throws {
        try claim(1, "Ada")
        _ = takeCalls()
        try grant(7, rooms: [red, blue])
        join(1, red)
        #expect(takeCalls() == [])
        harness.now = harness.now + Limits.nameLinger
        harness.tick()
        #expect(takeCalls() == ["Ada/7 -blue"])
        answer()
        #expect(harness.client.nameCount == 1)
    }

    @Test func `a name that lingers keeps its rooms, and none is left behind`() throws {
        try hold(1, "Ada")
        join(1, red)
        answer()
        let ada = try Username("Ada")
        harness.ask {
            $0.release(ada, for: harness.id(1), .linger, now: harness.now, into: &$1)
        }
        harness.ask { client, _ in client.sessionEnded(harness.id(1)) }
        _ = takeCalls()
        harness.answer(.released)
        harness.registrationChanged(epoch: 4)
        #expect(takeCalls() == ["claim Ada [\"red\"]"])
        try grant(8)
        harness.now = harness.now + Limits.nameLinger
        harness.tick()
        #expect(takeCalls() == ["empty ada"])
        #expect(harness.client.roomsOfNames.isEmpty)
    }

    @Test func `the names of many who have vanished at once are given up some at a tick`() throws {
        // Names that were taken over meanwhile do not count.
        for slot in 1001...1100 as ClosedRange<Int32> {
            try vanish(slot, "other\(slot)")
            harness.ask { client, _ in
                client.held[harness.id(slot)].map { client.replaced($0.login) }
            }
            _ = takeCalls()
        }
        let count = Limits.lingerEndsPerTick + 10
        for slot in 1...Int32(count) { try vanish(slot, "user\(slot)") }
        harness.now = harness.now + Limits.nameLinger
        harness.tick()
        #expect(takeCalls().count == Limits.lingerEndsPerTick)
        harness.tick()
        #expect(takeCalls().count == 10)
        harness.tick()
        #expect(takeCalls() == [])
    }

    @Test func `a name that was taken over lingers as long as any other, in all its rooms`() throws
    {
        try claim(1, "Ada")
        try grant(7, rooms: [red, blue])
        join(1, red)
        _ = takeCalls()
        harness.now = harness.now + (Limits.nameLinger - .seconds(1))
        let ada = try Username("Ada")
        harness.ask {
            $0.release(ada, for: harness.id(1), .linger, now: harness.now, into: &$1)
        }
        #expect(takeCalls() == ["linger ada"])
        harness.answer(.released)
        harness.now = harness.now + .seconds(1)
        harness.tick()
        #expect(takeCalls() == [])
        harness.now = harness.now + (Limits.nameLinger - .seconds(1))
        harness.tick()
        #expect(takeCalls() == ["empty ada"])
    }

    @Test func `a call has no more pairs than it may, and the rest follows`() throws {
        try hold(1, "Ada")
        for index in 0..<60 { join(1, try RoomName("r\(index)")) }
        _ = takeCalls()
        // The first join has left alone.
        answer()
        #expect(takeCalls()[0].split(separator: " ").count == 60)
        answer()
        harness.ask { client, _ in
            for index in 0..<40 {
                guard let room = try? RoomName("r\(index)") else { continue }
                client.endPresence(in: room, of: harness.id(1))
            }
            for index in 60..<100 {
                guard let room = try? RoomName("r\(index)") else { continue }
                client.beginPresence(in: room, of: harness.id(1))
            }
        }
        #expect(takeCalls()[0].split(separator: " ").count == 1 + Limits.presencePairs)
        answer()
        #expect(takeCalls()[0].split(separator: " ").count == 1 + 80 - Limits.presencePairs)
    }

    @Test func `a claim that was too much for its call is made again`() throws {
        try claim(1, "Ada")
        _ = takeCalls()
        harness.answer(.claims(.verdicts([.later])))
        #expect(takeCalls() == ["claim Ada []"])
        try grant(7)
        #expect(harness.told == ["1 granted"])
    }
}
