import TestSupport
import Testing

@testable import ChatCore

/// What only the store in memory has: time and faults are handed in. The rules that it shares with
/// the scripts are tested on both, in ContractTests.
@Suite struct StoreTests {
    private final class Bench {
        var store: Store
        var reign = Reign(epoch: 0, dataSet: "")
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
                reign: reign,
                room: .lobby,
                position: position,
                marks: [],
                limit: 1,
                replacing: position == nil ? nil : CatchUpCall.FoundTop.none
            )
            _ = store.catchUp(call, birth: Lineage(using: &random))
        }

        func begin(isNewCluster: Bool = false) {
            let call = FenceCall(highestEpoch: 0, highestFence: 0, isNewCluster: isNewCluster)
            if case .reign(let reign, _) = store.fence(call) { self.reign = reign }
            _ = store.register(RegisterCall(reign: reign, incarnation: node, label: ""))
        }

        func hold(_ name: String) throws -> (claim: Claim, grant: Grant) {
            let claim = Claim(
                reign: reign,
                username: try Username(name),
                incarnation: node,
                session: SessionID(using: &random),
                lineage: Lineage(using: &random)
            )
            let answer = store.claim(claim)
            guard case .granted(let grant) = answer else { throw Refused(answer: answer) }
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
                    session: holding.claim.session,
                    fence: holding.grant.fence,
                    lineage: holding.grant.lineage,
                    n: $0,
                    draft: Draft(
                        sender: SocketID(slot: 0, generation: 0),
                        room: .lobby,
                        body: Array("{\($0)}".utf8)
                    )
                )
            }
            let call = PublishCall(
                reign: reign,
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

    @Test func `nothing reigns before the first fence`() throws {
        var store = Store(dataSet: "d", unixSecond: 7)
        var random = SplitMix(seed: 1)
        let reign = Reign(epoch: 7, dataSet: "d")
        let renewal = RenewCall(reign: reign, incarnation: Incarnation(using: &random))
        #expect(store.renew(renewal) == .otherReign)
        #expect(store.endGrace(reign) == false)
        let call = FenceCall(highestEpoch: 0, highestFence: 0, isNewCluster: false)
        #expect(store.fence(call) == .reign(reign, isGrace: true))
    }

    @Test func `of a room the newest messages are kept, however many there were`() throws {
        let bench = Bench(.init(messages: 10, bytes: .max, age: .seconds(1000)))
        let ada = try bench.hold("Ada")
        for n in 1...500 as ClosedRange<UInt64> {
            #expect(bench.say(ada, n...n) == .verdicts([.accepted(seq: n)], ms: 5))
            #expect(bench.kept.map(\.firstSeq) == Array((n < 10 ? 1 : n - 9)...n))
        }
    }

    @Test func `nothing is kept that is too old`() throws {
        let bench = Bench(.init(age: .seconds(10)))
        let ada = try bench.hold("Ada")
        for n in 1...2 as ClosedRange<UInt64> { _ = bench.say(ada, n...n, ms: 1) }
        _ = bench.say(ada, 3...3, ms: 10_000)
        _ = bench.say(ada, 4...4, ms: 10_001)
        #expect(bench.kept.map(\.firstSeq) == [1, 2, 3, 4])
        _ = bench.say(ada, 5...5, ms: 10_002)
        #expect(bench.kept.map(\.firstSeq) == [3, 4, 5])
    }

    @Test func `a restart keeps the data, a loss keeps nothing, and numbers go on`() throws {
        let bench = Bench()
        let ada = try bench.hold("Ada")
        _ = bench.say(ada, 1...3)
        bench.store.restart(dataSet: "e")
        #expect(bench.say(ada, 4...4) == .otherReign)
        bench.begin()
        #expect(bench.reign == Reign(epoch: 1_700_000_001, dataSet: "e"))
        #expect(bench.say(ada, 4...4) == .verdicts([.accepted(seq: 4)], ms: 5))
        #expect(bench.kept.map(\.epoch.description).last == "1700000001")
        #expect(bench.store.heldNames == 1)

        bench.store.erase(dataSet: "f")
        bench.store.unixSecond += 2
        bench.begin(isNewCluster: true)
        #expect(bench.reign == Reign(epoch: 1_700_000_002, dataSet: "f"))
        #expect(bench.kept == [])
        #expect(bench.store.heldNames == 0)
        let eve = try bench.hold("Eve")
        #expect(bench.say(eve, 1...1) == .otherHistory)
        let mid = MessageID(lineage: ada.grant.lineage, n: 4)
        bench.beginLobby(at: Position(epoch: 1, seq: 4, mid: mid))
        #expect(bench.say(eve, 1...1) == .verdicts([.accepted(seq: 5)], ms: 5))
        #expect(bench.kept.map(\.prev) == [mid])
    }
}
