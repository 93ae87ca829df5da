import TestSupport
import Testing

@testable import ChatCore

/// What only the store in memory has: time and faults are handed in. The rules that it shares with
/// the scripts are tested on both, in StoreContractTests.
@Suite struct StoreTests {
    private final class Harness {
        var store: Store
        var epoch = Epoch(number: 0, dataSet: "")
        var random = SplitMix(seed: 3)
        let node: Incarnation

        init(_ retention: Store.Retention = .init()) {
            store = Store(dataSet: "d", unixSecond: 1_700_000_000, retention: retention)
            node = Incarnation(using: &random)
            begin(isNewCluster: true)
            beginLobby()
        }

        /// As a node does that comes: what has no top begins behind a number that is known.
        func beginLobby(at position: Position? = nil) {
            let call = CatchUpCall(
                epoch: epoch,
                room: .lobby,
                position: position,
                marks: [],
                limit: 1,
                replacing: position == nil ? nil : CatchUpCall.FoundTop.none
            )
            _ = store.catchUp(call, birth: ProducerID(using: &random))
        }

        func begin(isNewCluster: Bool = false) {
            let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: isNewCluster)
            if case .epoch(let epoch, _) = store.openEpoch(call) { self.epoch = epoch }
            _ = store.register(RegisterCall(epoch: epoch, incarnation: node, label: ""))
        }

        func hold(_ name: String) throws -> (claim: Claim, grant: Grant) {
            let claim = Claim(
                username: try Username(name),
                login: LoginID(using: &random),
                producer: ProducerID(using: &random)
            )
            let call = ClaimCall(epoch: epoch, incarnation: node, number: 0, claims: [claim])
            let answer = store.claim(call)
            guard case .verdicts(let verdicts) = answer,
                case .granted(let grant)? = verdicts.first
            else { throw Refused(answer: answer) }
            return (claim, grant)
        }

        func say(
            _ holding: (claim: Claim, grant: Grant),
            _ numbers: ClosedRange<UInt64>,
            ms: Int64 = 5
        ) -> PublishAnswer {
            let drafts = numbers.map {
                SealedDraft(
                    key: holding.claim.username.key,
                    login: holding.claim.login,
                    fence: holding.grant.fence,
                    producer: holding.grant.producer,
                    n: $0,
                    draft: Draft(
                        sender: SocketID(slot: 0, generation: 0),
                        room: .lobby,
                        body: Array("{\($0)}".utf8)
                    )
                )
            }
            let call = PublishCall(
                epoch: epoch,
                incarnation: node,
                room: .lobby,
                position: nil,
                drafts: drafts
            )
            return store.publish(call, ms: ms).answer
        }

        var kept: [Publication] { store.history(of: .lobby) }
    }

    private struct Refused: Error {
        let answer: ClaimAnswer
    }

    @Test func `there is no epoch before the first call that opens it`() throws {
        var store = Store(dataSet: "d", unixSecond: 7)
        var random = SplitMix(seed: 1)
        let epoch = Epoch(number: 7, dataSet: "d")
        let renewal = RenewCall(epoch: epoch, incarnation: Incarnation(using: &random))
        #expect(store.renew(renewal) == .otherEpoch)
        #expect(store.endGrace(epoch) == false)
        let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: false)
        #expect(store.openEpoch(call) == .epoch(epoch, isGrace: true))
    }

    @Test func `of a room the newest messages are kept, however many there were`() throws {
        let harness = Harness(.init(messages: 10, bytes: .max, age: .seconds(1000)))
        let ada = try harness.hold("Ada")
        for n in 1...500 as ClosedRange<UInt64> {
            #expect(harness.say(ada, n...n) == .verdicts([.accepted(seq: n)], ms: 5))
            #expect(harness.kept.map(\.firstSeq) == Array((n < 10 ? 1 : n - 9)...n))
        }
    }

    @Test func `nothing is kept that is too old`() throws {
        let harness = Harness(.init(age: .seconds(10)))
        let ada = try harness.hold("Ada")
        for n in 1...2 as ClosedRange<UInt64> { _ = harness.say(ada, n...n, ms: 1) }
        _ = harness.say(ada, 3...3, ms: 10_000)
        _ = harness.say(ada, 4...4, ms: 10_001)
        #expect(harness.kept.map(\.firstSeq) == [1, 2, 3, 4])
        _ = harness.say(ada, 5...5, ms: 10_002)
        #expect(harness.kept.map(\.firstSeq) == [3, 4, 5])
    }

    @Test(arguments: [120, 86_400, 172_800])
    func `a room is removed if it is not heard and nothing was said in it for a day or its age`(
        age: Int64
    ) throws {
        let harness = Harness(.init(age: .seconds(age)))
        let last = 1000 + max(age, 86_400) * 1000
        let ada = try harness.hold("Ada")
        _ = harness.say(ada, 1...1, ms: 1000)
        let silent = try RoomName("silent")
        let call = CatchUpCall(
            epoch: harness.epoch,
            room: silent,
            position: nil,
            marks: [],
            limit: 1
        )
        _ = harness.store.catchUp(call, birth: ProducerID(using: &harness.random))
        harness.store.removeOldRooms(ms: last) { _ in true }
        #expect(harness.store.rooms.count == 2)
        harness.store.removeOldRooms(ms: last) { _ in false }
        #expect(harness.store.rooms.map(\.key) == [.lobby])
        harness.store.removeOldRooms(ms: last + 1) { $0 == .lobby }
        #expect(harness.kept.count == 1)
        harness.store.removeOldRooms(ms: last + 1) { _ in false }
        #expect(harness.store.rooms.isEmpty)
    }

    @Test func `a restart keeps the data, a loss keeps nothing, and numbers go on`() throws {
        let harness = Harness()
        let ada = try harness.hold("Ada")
        _ = harness.say(ada, 1...3)
        harness.store.restart(dataSet: "e")
        #expect(harness.say(ada, 4...4) == .otherEpoch)
        harness.begin()
        #expect(harness.epoch == Epoch(number: 1_700_000_001, dataSet: "e"))
        #expect(harness.say(ada, 4...4) == .verdicts([.accepted(seq: 4)], ms: 5))
        #expect(harness.kept.map(\.epoch.description).last == "1700000001")
        #expect(harness.store.heldNames == 1)

        harness.store.erase(dataSet: "f")
        harness.store.unixSecond += 2
        harness.begin(isNewCluster: true)
        #expect(harness.epoch == Epoch(number: 1_700_000_002, dataSet: "f"))
        #expect(harness.kept == [])
        #expect(harness.store.heldNames == 0)
        let eve = try harness.hold("Eve")
        #expect(harness.say(eve, 1...1) == .otherHistory)
        let mid = MessageID(producer: ada.grant.producer, n: 4)
        harness.beginLobby(at: Position(epoch: 1, seq: 4, mid: mid))
        #expect(harness.say(eve, 1...1) == .verdicts([.accepted(seq: 5)], ms: 5))
        #expect(harness.kept.map(\.prev) == [mid])
    }
}
