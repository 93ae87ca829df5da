import TestSupport
import Testing

@testable import ChatCore

/// Tests what a node that hears many rooms asks at a time.
@Suite struct ManyRoomsTests {
    /// A member whose calls a store answers when the test says so.
    private final class MemberHarness {
        var member: ClusterMember
        var now = Instant(nanoseconds: 1_000_000_000)
        var calls = FIFO<ClusterMember.Call>()
        var subscribed: [RoomName] = []
        var isWell = false
        /// The questions about logs that have no answer, and the most there ever were.
        private(set) var asked = 0
        private(set) var mostAsked = 0
        private(set) var opened: Set<RoomName> = []
        /// The rooms that have to be opened again since all were shut, and how often all were.
        private(set) var shut: Set<RoomName> = []
        private(set) var shuttings = 0
        private(set) var compared: [Int] = []
        private var store = Store(dataSet: "1", unixSecond: 3)
        private var random = SplitMix(seed: 1)

        init() {
            member = ClusterMember(
                label: "n",
                isNewCluster: true,
                incarnation: Incarnation(using: &random),
                loops: 0,
                now: now
            )
            run { $0.linkUp(now: $1, into: &$2) }
            answerAll()
            run { $0.subscriptionUp(now: $1, into: &$2) }
            confirm()
        }

        func run(_ event: (inout ClusterMember, Instant, inout [ClusterMember.Effect]) -> Void) {
            var effects: [ClusterMember.Effect] = []
            event(&member, now, &effects)
            for effect in effects { carryOut(effect) }
        }

        private func carryOut(_ effect: ClusterMember.Effect) {
            switch effect {
            case .call(let call):
                calls.append(call)
                if case .catchUp = call { asked += 1 }
                mostAsked = max(mostAsked, asked)
            case .subscribeAll(_, let rooms): subscribed = rooms
            case .subscribe(let room): subscribed.append(room)
            case .roomOpened(let room, _):
                opened.insert(room)
                shut.remove(room)
            case .roomsShut:
                shut = opened
                shuttings += 1
            case .availabilityChanged(let since): isWell = since == nil
            default: break
            }
        }

        func enter(_ rooms: [RoomName]) {
            for room in rooms { run { $0.enter(room, loop: 0, now: $1, into: &$2) } }
        }

        /// Confirms all subscriptions, and answers the first question of each room.
        func confirm() {
            for room in subscribed { run { $0.subscribed(to: room, now: $1, into: &$2) } }
            subscribed = []
            answerAll()
        }

        func lose() { run { $0.subscriptionLost(now: $1, into: &$2) } }

        func cut() {
            lose()
            opened = []
            run { $0.subscriptionUp(now: $1, into: &$2) }
        }

        /// Begins another epoch, which the member meets.
        func beginEpoch() {
            store.restart(dataSet: "2")
            run { $0.linkLost(now: $1, into: &$2) }
            run { $0.linkUp(now: $1, into: &$2) }
        }

        func answerAll() {
            while let call = calls.popFirst() {
                guard let answer = answer(to: call) else { continue }
                run { $0.answered(answer, now: $1, using: &random, into: &$2) }
            }
        }

        private func answer(to call: ClusterMember.Call) -> ClusterMember.Answer? {
            switch call {
            case .lease(.openEpoch(let call)): return .lease(.openEpoch(store.openEpoch(call)))
            case .lease(.register(let call)): return .lease(.roster(store.register(call)))
            case .lease(.renew(let call)): return .lease(.roster(store.renew(call)))
            case .catchUp(let call, _):
                asked -= 1
                return .catchUp(store.catchUp(call, birth: ProducerID(using: &random)))
            case .probe: return .done
            default: return .refused
            }
        }

        /// Lets time pass, while the subscription brings something. Notes how many rooms were asked
        /// about in each step.
        func pass(_ time: Duration, inStepsOf step: Duration) {
            let end = now + time
            while now < end {
                now = now + step
                run { member, now, _ in member.heard(now: now) }
                run { [self] in $0.tick(now: $1, using: &random, into: &$2) }
                if asked > 0 { compared.append(asked) }
                answerAll()
            }
        }
    }

    private let rooms: [RoomName]

    init() throws {
        rooms = try (0..<1000).map { try RoomName("room-\($0)") }
    }

    @Test func `at most 256 rooms are caught up with at a time, after a cut as well`() {
        let harness = MemberHarness()
        #expect(harness.isWell)
        harness.enter(rooms)
        #expect(harness.isWell)
        harness.confirm()
        #expect(harness.opened.count == 1001)
        #expect(harness.mostAsked == Limits.roomsAtOnce)
        harness.cut()
        #expect(!harness.isWell)
        harness.confirm()
        #expect(harness.opened.count == 1001)
        #expect(harness.mostAsked == Limits.roomsAtOnce)
        #expect(harness.isWell)
    }

    @Test func `each room is compared once in ten seconds, spread over them`() {
        let harness = MemberHarness()
        harness.enter(rooms)
        harness.confirm()
        harness.pass(.seconds(20), inStepsOf: .milliseconds(100))
        // 1,001 rooms: four bursts in ten seconds, one every 2.5 s.
        #expect(harness.compared.count == 8)
        #expect(harness.compared.allSatisfy { $0 == 251 })
        #expect(harness.isWell)
    }

    @Test func `a lost link drops the questions, and the next registration asks them again`() {
        let harness = MemberHarness()
        harness.enter(rooms)
        for room in harness.subscribed {
            harness.run { $0.subscribed(to: room, now: $1, into: &$2) }
        }
        harness.run { $0.linkLost(now: $1, into: &$2) }
        _ = harness.calls.takeAll()
        harness.run { $0.linkUp(now: $1, into: &$2) }
        harness.answerAll()
        #expect(harness.opened.count == 1001)
    }

    @Test func `a lost subscription shuts all rooms once, until each is opened again`() {
        let harness = MemberHarness()
        harness.enter(rooms)
        harness.confirm()
        harness.lose()
        #expect(harness.shut.count == 1001)
        // Another attempt has failed.
        harness.lose()
        #expect(harness.shuttings == 1)
        harness.cut()
        harness.confirm()
        #expect(harness.shut == [])
        // A registration that is announced again costs nothing.
        harness.run { $0.linkLost(now: $1, into: &$2) }
        harness.run { $0.linkUp(now: $1, into: &$2) }
        harness.answerAll()
        #expect(harness.shuttings == 1)
    }

    @Test func `another epoch shuts all rooms though the subscription stays`() {
        let harness = MemberHarness()
        harness.enter(rooms)
        harness.confirm()
        harness.beginEpoch()
        #expect(harness.shuttings == 0)
        harness.answerAll()
        #expect(harness.shuttings == 1)
        #expect(harness.shut == [])
    }
}
