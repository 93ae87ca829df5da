import TestSupport
import Testing

@testable import ChatCore

/// Tests which rooms a node hears, from the first interest in a room until it is forgotten.
@Suite struct RoomFeedsTests {
    private final class RoomFeedsHarness {
        var feeds = RoomFeeds(linger: .seconds(30), maxRooms: 3)
        var now = Instant(nanoseconds: 1_000_000_000)
        /// What was wanted, in words; questions are in `asked`.
        var wanted: [String] = []
        var asked: [(call: CatchUpCall, ticket: UInt64)] = []
        private var store = Store(dataSet: "1", unixSecond: 3)
        private var random = SplitMix(seed: 1)
        let epoch: Epoch

        init() throws {
            let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
            guard case .epoch(let epoch, _) = store.openEpoch(call) else {
                throw Unexpected("no epoch")
            }
            self.epoch = epoch
            run { $0.epochChanged(to: epoch, into: &$1) }
        }

        func run(_ event: (inout RoomFeeds, inout [RoomFeeds.Effect]) -> Void) {
            var effects: [RoomFeeds.Effect] = []
            event(&feeds, &effects)
            for effect in effects { note(effect) }
        }

        private func note(_ effect: RoomFeeds.Effect) {
            switch effect {
            case .subscribe(let room): wanted.append("subscribe \(room.text)")
            case .unsubscribe(let room): wanted.append("unsubscribe \(room.text)")
            case .isOpen(let room, _, let loop): wanted.append("\(room.text) is open for \(loop)")
            case .refused(let room, let loop): wanted.append("\(room.text) refused to \(loop)")
            case .closed(let room): wanted.append("close \(room.text)")
            case .timeline(_, .catchUp(let call, let ticket)): asked.append((call, ticket))
            case .timeline(let room, .opened): wanted.append("open \(room.text)")
            case .timeline: break
            }
        }

        func enter(_ room: RoomName, loop: Int = 0) {
            run { $0.enter(room, loop: loop, into: &$1) }
        }

        func leave(_ room: RoomName, loop: Int = 0) { feeds.leave(room, loop: loop, now: now) }

        func subscribed(to room: RoomName) { run { $0.subscribed(to: room, into: &$1) } }

        func connect() {
            feeds.connected()
            for room in feeds.rooms { subscribed(to: room) }
            answerAll()
        }

        func pass(_ time: Duration) {
            now = now + time
            run { $0.tick(now: now, into: &$1) }
        }

        func answer(_ question: (call: CatchUpCall, ticket: UInt64)) {
            let answer = store.catchUp(question.call, birth: ProducerID(using: &random))
            run { $0.caughtUp(question.call.room, answer, ticket: question.ticket, into: &$1) }
        }

        func answerAll() {
            let questions = asked
            asked = []
            for question in questions { answer(question) }
        }

        func take() -> [String] {
            defer { wanted = [] }
            return wanted
        }
    }

    private let blue: RoomName
    private let red: RoomName

    init() throws {
        blue = try RoomName("blue")
        red = try RoomName("red")
    }

    @Test func `a room is subscribed to, caught up with, open, left and forgotten`() throws {
        let harness = try RoomFeedsHarness()
        harness.connect()
        #expect(harness.take() == ["open lobby"])
        harness.enter(blue)
        #expect(harness.take() == ["subscribe blue"])
        #expect(harness.asked.isEmpty)
        harness.subscribed(to: blue)
        #expect(harness.asked.map(\.call.room) == [blue])
        harness.answerAll()
        #expect(harness.take() == ["open blue"])
        harness.leave(blue)
        harness.pass(.milliseconds(29_999))
        #expect(harness.take() == [])
        harness.pass(.milliseconds(1))
        #expect(harness.take() == ["unsubscribe blue", "close blue"])
        #expect(harness.feeds.rooms == [.lobby])
    }

    @Test func `a room is heard as long as one loop is interested`() throws {
        let harness = try RoomFeedsHarness()
        harness.connect()
        harness.enter(blue, loop: 0)
        harness.subscribed(to: blue)
        harness.answerAll()
        _ = harness.take()
        harness.enter(blue, loop: 1)
        #expect(harness.take() == ["blue is open for 1"])
        harness.leave(blue, loop: 0)
        harness.pass(.seconds(60))
        #expect(harness.take() == [])
        harness.leave(blue, loop: 1)
        harness.pass(.seconds(20))
        // A loop comes back, and leaves again: the time begins anew.
        harness.enter(blue, loop: 0)
        harness.leave(blue, loop: 0)
        harness.pass(.seconds(20))
        #expect(harness.take() == ["blue is open for 0"])
        harness.pass(.seconds(10))
        #expect(harness.take() == ["unsubscribe blue", "close blue"])
    }

    @Test func `the lobby is never forgotten`() throws {
        let harness = try RoomFeedsHarness()
        harness.connect()
        harness.enter(.lobby)
        harness.leave(.lobby)
        harness.pass(.seconds(3600))
        #expect(harness.feeds.rooms == [.lobby])
    }

    @Test func `a room that was never confirmed is forgotten without being closed`() throws {
        let harness = try RoomFeedsHarness()
        harness.enter(blue)
        harness.leave(blue)
        harness.pass(.seconds(30))
        #expect(harness.take() == [])
        #expect(harness.feeds.rooms == [.lobby])
        harness.connect()
        harness.enter(red)
        harness.leave(red)
        harness.pass(.seconds(30))
        #expect(harness.take() == ["open lobby", "subscribe red", "unsubscribe red"])
        #expect(harness.feeds.count == 1)
    }

    @Test func `after a cut all rooms are subscribed to again`() throws {
        let harness = try RoomFeedsHarness()
        harness.connect()
        harness.enter(blue)
        harness.subscribed(to: blue)
        harness.answerAll()
        harness.feeds.unsubscribed()
        harness.enter(red)
        _ = harness.take()
        #expect(!harness.feeds.isLive)
        #expect(harness.feeds.rooms == [.lobby, blue, red])
        harness.connect()
        #expect(harness.take() == ["open lobby", "open blue", "open red"])
        #expect(harness.feeds.isLive)
    }

    @Test func `a room that is being opened does not make the node deaf`() throws {
        let harness = try RoomFeedsHarness()
        harness.connect()
        harness.enter(blue)
        #expect(harness.feeds.isLive)
        harness.subscribed(to: blue)
        #expect(harness.feeds.isLive)
    }

    @Test func `an answer to a forgotten room does not open the room that came after it`() throws {
        let harness = try RoomFeedsHarness()
        harness.connect()
        harness.enter(blue)
        harness.subscribed(to: blue)
        let question = harness.asked.removeLast()
        harness.leave(blue)
        harness.pass(.seconds(30))
        harness.enter(blue)
        harness.subscribed(to: blue)
        _ = harness.take()
        harness.answer(question)
        #expect(harness.take() == [])
        harness.answerAll()
        #expect(harness.take() == ["open blue"])
    }

    @Test func `beyond the limit a room is refused, and a forgotten one makes place`() throws {
        let harness = try RoomFeedsHarness()
        harness.enter(blue)
        harness.enter(red)
        harness.enter(try RoomName("green"), loop: 1)
        #expect(harness.take() == ["green refused to 1"])
        harness.leave(red)
        harness.pass(.seconds(30))
        harness.enter(try RoomName("green"), loop: 1)
        #expect(harness.take() == [])
        #expect(harness.feeds.rooms.map(\.text) == ["lobby", "blue", "green"])
    }

    @Test func `a producer's highest number is found among the newest messages`() throws {
        let producer = try #require(ProducerID("abcdefgh"))
        var recent = RecentMessages()
        for seq in 1...UInt64(5) {
            recent.add(.init(seq: seq, mid: MessageID(producer: producer, n: 10 - seq)))
        }
        var highest: [ProducerID: UInt64] = [:]
        recent.note(newest: 2, in: &highest)
        #expect(highest == [producer: 6])
        recent.note(newest: 9, in: &highest)
        #expect(highest == [producer: 9])
    }

    @Test func `rooms are compared in turn, as many at a time as asked for`() throws {
        let harness = try RoomFeedsHarness()
        harness.enter(blue)
        harness.enter(red)
        harness.connect()
        var compared: [[String]] = []
        for _ in 0..<3 {
            harness.run { $0.compare(atMost: 2, into: &$1) }
            compared.append(harness.asked.map(\.call.room.text))
            harness.asked = []
        }
        #expect(compared == [["lobby", "blue"], ["red", "lobby"], ["blue", "red"]])
    }
}
