import TestSupport
import Testing

@testable import ChatCore

/// Who is present in a room, as a node learns it and tells it.
@Suite struct PresenceFeedsTests {
    /// Feeds with a clock that is turned by hand.
    private final class Harness {
        var feeds = PresenceFeeds()
        var now = Instant(nanoseconds: 0) + .seconds(100)
        let epoch: Epoch
        private(set) var news: [PresenceNews] = []
        private(set) var asked: [PresentCall] = []

        init(epoch number: UInt64 = 7, isGrace: Bool = false) {
            epoch = Epoch(number: number, dataSet: "d")
            register(isGrace: isGrace)
            run { $0.opened(.lobby, now: $1, into: &$2) }
        }

        func run(_ event: (inout PresenceFeeds, Instant, inout [PresenceFeeds.Effect]) -> Void) {
            var effects: [PresenceFeeds.Effect] = []
            event(&feeds, now, &effects)
            for effect in effects {
                switch effect {
                case .read(let call): asked.append(call)
                case .tell(let told): news.append(told)
                }
            }
        }

        func register(isGrace: Bool) {
            var random = SplitMix(seed: 1)
            let registration = Registration(
                epoch: epoch,
                incarnation: Incarnation(using: &random),
                isGrace: isGrace
            )
            run { $0.registrationChanged(registration, now: $1, into: &$2) }
        }

        func compare(_ number: UInt64, in room: RoomName = .lobby) {
            run { [epoch] in
                $0.compare(room, number: number, in: epoch.number, now: $1, into: &$2)
            }
        }

        func change(_ number: UInt64, count: Int, _ steps: String...) {
            let change = PresenceChange(
                room: .lobby,
                epoch: epoch.number,
                number: number,
                count: count,
                steps: steps.map { step in
                    let name = String(step.dropFirst())
                    return .init(
                        PresentName(key: name.lowercased(), display: name),
                        hasJoined: step.hasPrefix("+")
                    )
                }
            )
            run { $0.receive(change, now: $1, into: &$2) }
        }

        func answer(_ number: UInt64, _ names: [String]?, count: Int? = nil) {
            guard !asked.isEmpty else { return }
            let call = asked.removeFirst()
            let answer = PresentAnswer.present(
                number: number,
                count: count ?? names?.count ?? 0,
                names: names?.map { PresentName(key: $0.lowercased(), display: $0) }
            )
            run { $0.read(call, answer, now: $1, into: &$2) }
        }

        func pass(_ time: Duration) {
            now = now + time
            run { $0.tick(now: $1, into: &$2) }
        }

        func takeNews() -> [PresenceNews] {
            defer { news = [] }
            return news
        }

        /// The changes in the news since the last call; nil for one that has none.
        func takeChanges() -> [PresenceNews.Change?] { takeNews().map(\.change) }
    }

    @Test func `what has changed is told at once, and then at most once a second`() {
        let harness = Harness()
        harness.compare(0)
        #expect(harness.takeNews().map(\.names) == [[]])
        harness.change(1, count: 1, "+Ada")
        harness.change(2, count: 2, "+Bob")
        #expect(harness.takeNews().isEmpty)
        harness.pass(.milliseconds(999))
        #expect(harness.takeNews().isEmpty)
        harness.pass(.milliseconds(1))
        #expect(harness.takeChanges() == [.init(joined: ["Ada", "Bob"], left: [])])
        harness.pass(.seconds(5))
        #expect(harness.takeNews().isEmpty)
        harness.change(3, count: 1, "-Ada")
        #expect(harness.takeChanges() == [.init(joined: [], left: ["Ada"])])
        #expect(harness.asked.isEmpty)
    }

    @Test func `somebody who leaves and comes back in between is not told of`() {
        let harness = Harness()
        harness.compare(0)
        harness.change(1, count: 1, "+Ada")
        harness.pass(.seconds(1))
        _ = harness.takeNews()
        harness.change(2, count: 0, "-Ada")
        harness.change(3, count: 1, "+Ada")
        harness.pass(.seconds(1))
        // The first of both was told at once, as nothing had been told for a second.
        harness.pass(.seconds(1))
        let changes = harness.takeChanges().compactMap(\.self)
        #expect(changes.flatMap(\.joined).count == changes.flatMap(\.left).count)
    }

    @Test func `a change that is not the next one has the names read`() {
        let harness = Harness()
        harness.compare(0)
        harness.change(1, count: 1, "+Ada")
        harness.change(1, count: 1, "+Ada")
        #expect(harness.asked.isEmpty)
        harness.change(3, count: 3, "+Cleo")
        #expect(harness.asked.map(\.room) == [.lobby])
        // What comes meanwhile waits, and what the answer has already is dropped.
        harness.change(4, count: 2, "-Ada")
        harness.change(5, count: 3, "+Dora")
        harness.answer(4, ["Bob", "Cleo"])
        harness.pass(.seconds(1))
        #expect(harness.takeNews().last?.names == ["Bob", "Cleo", "Dora"])
        #expect(harness.asked.isEmpty)
    }

    @Test func `a look at the room's end shows that the last change was missed`() {
        let harness = Harness()
        harness.compare(2)
        harness.answer(2, ["Ada", "Bob"])
        #expect(harness.takeNews().map(\.names) == [["Ada", "Bob"]])
        harness.compare(2)
        #expect(harness.asked.isEmpty)
        harness.pass(.seconds(2))
        harness.compare(3)
        harness.answer(3, ["Bob"])
        #expect(harness.takeChanges() == [.init(joined: [], left: ["Ada"])])
    }

    @Test func `a reading that fails is asked for at the next look`() {
        let harness = Harness()
        harness.compare(2)
        harness.run { [call = harness.asked[0]] in $0.notRead(call, now: $1, into: &$2) }
        harness.pass(.seconds(1))
        harness.compare(2)
        #expect(harness.asked.count == 2)
        harness.run { feeds, _, _ in feeds.linkLost() }
        harness.pass(.seconds(1))
        harness.compare(2)
        #expect(harness.asked.count == 3)
    }

    @Test func `of a room with too many names the number alone is told, and read is nothing`() {
        let harness = Harness()
        let most = Limits.presenceListed
        harness.compare(5)
        harness.answer(5, (0..<most).map { "u\($0)" })
        #expect(harness.takeNews().map { $0.names?.count } == [most])
        harness.pass(.seconds(1))
        harness.change(6, count: most + 1)
        #expect(harness.takeNews().map(\.count) == [most + 1])
        harness.pass(.seconds(1))
        harness.change(7, count: most + 2)
        harness.change(8, count: most + 1)
        harness.pass(.seconds(1))
        #expect(harness.takeNews().map(\.names) == [nil, nil])
        #expect(harness.asked.isEmpty)
        // Few enough: the names are read, and told as a whole.
        harness.change(9, count: most, "-u7")
        #expect(harness.asked.count == 1)
        harness.answer(9, (0..<most).map { "u\($0)" })
        harness.pass(.seconds(1))
        let news = harness.takeNews()
        #expect(news.map { $0.names?.count } == [most])
        #expect(news.map(\.change) == [nil])
    }

    @Test func `in a grace nothing is told, and after it what has changed on the whole`() {
        let harness = Harness()
        harness.compare(0)
        harness.change(1, count: 2, "+Ada", "+Bob")
        harness.pass(.seconds(1))
        _ = harness.takeNews()
        // All data is lost: the names that are claimed again come back.
        harness.register(isGrace: true)
        harness.compare(0)
        harness.answer(0, [])
        harness.pass(.seconds(2))
        harness.change(1, count: 1, "+Ada")
        harness.pass(.seconds(2))
        #expect(harness.takeNews().isEmpty)
        harness.register(isGrace: false)
        #expect(harness.takeChanges() == [.init(joined: [], left: ["Bob"])])
    }

    @Test func `a look that has no number says nothing of names that are known`() {
        let harness = Harness()
        harness.compare(0)
        harness.change(1, count: 1, "+Ada")
        harness.pass(.seconds(1))
        _ = harness.takeNews()
        // The look was before the change; or the room's key was deleted by hand.
        harness.compare(0)
        #expect(harness.asked.count == 1)
        harness.answer(1, ["Ada"])
        harness.pass(.seconds(2))
        #expect(harness.takeNews().isEmpty)
    }

    @Test func `nothing is told of a room that the loops do not know to be open`() throws {
        let harness = Harness()
        let red = try RoomName("red")
        harness.compare(0, in: red)
        #expect(harness.takeNews().isEmpty)
        harness.run { $0.opened(red, now: $1, into: &$2) }
        #expect(harness.takeNews().map(\.room) == [red])
    }

    @Test func `only so many rooms are read at a time`() throws {
        let harness = Harness()
        for index in 0..<(Limits.presenceReadings + 10) {
            harness.compare(1, in: try RoomName("r\(index)"))
        }
        #expect(harness.asked.count == Limits.presenceReadings)
        for _ in 0..<10 { harness.answer(1, ["Ada"]) }
        #expect(harness.asked.count == Limits.presenceReadings)
    }

    @Test func `frames have the change for those who know the rest, and the whole for others`() {
        let news = PresenceNews(
            room: .lobby,
            number: 4,
            count: 2,
            names: ["Ada", "Bob"],
            change: .init(joined: ["Bob"], left: ["Cleo"])
        )
        let frames = PresenceFrames(framing: news)
        #expect(
            String(decoding: frames.change.dropFirst(2), as: UTF8.self)
                == #"{"type":"presence","room":"lobby","v":4,"joined":["Bob"],"left":["Cleo"],"count":2}"#
        )
        #expect(
            String(decoding: frames.whole.dropFirst(2), as: UTF8.self)
                == #"{"type":"presence","room":"lobby","v":4,"members":["Ada","Bob"],"count":2}"#
        )
    }
}
