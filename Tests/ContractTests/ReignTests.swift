import ChatCore
import TestSupport
import Testing

/// Reigns and processes: the store and the scripts alike.
@Suite struct ReignTests {
    @Test(arguments: KeeperKind.allCases)
    func `an empty data set begins with a grace, unless there is nobody to wait for`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let first = bench.reign
        #expect(first.epoch >= 1_700_000_000)
        #expect(try bench.begin() == false)
        #expect(bench.reign == first)
        try bench.keeper.erase()
        #expect(try bench.begin() == true)
        #expect(try bench.begin(isNewCluster: true) == true)
    }

    @Test(arguments: KeeperKind.allCases)
    func `who has seen an epoch begins an empty data set with a higher one, and a grace`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let highest = bench.reign.epoch + 1_000_000_000
        try bench.keeper.erase()
        #expect(try bench.begin(highestEpoch: highest, isNewCluster: true) == true)
        #expect(bench.reign.epoch == highest + 1)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a restarted data set has a new reign and a grace, which any node ends`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let old = bench.reign
        try bench.keeper.restart()
        #expect(try bench.renew(bench.node) == .otherReign)
        #expect(try bench.begin(isNewCluster: true) == true)
        #expect(bench.reign.epoch == old.epoch + 1)
        #expect(bench.reign.dataSet != old.dataSet)
        #expect(try bench.keeper.endGrace(old) == false)
        #expect(try bench.begin() == true)
        #expect(try bench.keeper.endGrace(bench.reign) == true)
        #expect(try bench.begin() == false)
    }

    @Test(arguments: KeeperKind.allCases)
    func `an epoch that another data set had is not this one's`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let old = bench.reign
        #expect(try bench.begin(highestEpoch: old.epoch, highestDataSet: old.dataSet) == false)
        #expect(bench.reign == old)
        #expect(try bench.begin(highestEpoch: old.epoch - 1, highestDataSet: "other") == false)
        #expect(try bench.begin(highestEpoch: old.epoch, highestDataSet: "other") == true)
        #expect(bench.reign == Reign(epoch: old.epoch + 1, dataSet: old.dataSet))
    }

    @Test(arguments: KeeperKind.allCases)
    func `data older than what a node has seen has a new reign, above both`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let old = bench.reign
        #expect(try bench.begin(highestEpoch: old.epoch) == false)
        #expect(try bench.begin(highestEpoch: old.epoch + 5, highestFence: 1 << 52) == true)
        #expect(bench.reign == Reign(epoch: old.epoch + 6, dataSet: old.dataSet))
        _ = try bench.keeper.endGrace(bench.reign)
        #expect(try bench.hold("Ada").grant.fence == 1 << 52 + 1)
    }

    @Test(arguments: KeeperKind.allCases)
    func `fences of an epoch begin where no earlier one's can have got to`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        #expect(ada.grant.fence == bench.reign.epoch << 20 + 1)
        try bench.keeper.restart()
        try bench.begin()
        let again = try bench.granted(bench.again(ada))
        #expect(again.fence == bench.reign.epoch << 20 + 1)
    }

    @Test(arguments: KeeperKind.allCases)
    func `nothing is written under another reign than the present one`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        let present = bench.reign
        let others = [
            Reign(epoch: present.epoch + 1, dataSet: present.dataSet),
            Reign(epoch: present.epoch, dataSet: String(repeating: "0", count: 40)),
        ]
        for reign in others {
            bench.reign = reign
            #expect(try bench.register(bench.node) == .otherReign)
            #expect(try bench.renew(bench.node) == .otherReign)
            #expect(try bench.certify(bench.node, counter: 0) == .otherReign)
            #expect(try bench.reap(bench.node, ["ada"]) == .otherReign)
            #expect(try bench.keeper.claim(bench.claim("Bob")) == .otherReign)
            let call = PublishCall(
                reign: reign,
                incarnation: bench.node,
                room: .lobby,
                position: nil,
                drafts: [ada.sealed(1)]
            )
            let (answer, delivered) = try bench.keeper.publish(call)
            #expect(answer == .otherReign)
            #expect(delivered == nil)
            let question = CatchUpCall(
                reign: reign,
                room: .lobby,
                position: nil,
                marks: [],
                limit: 1
            )
            #expect(try bench.keeper.catchUp(question, birth: ada.grant.lineage) == .otherReign)
        }
        #expect(try bench.keeper.log(of: .lobby) == [])
        #expect(try bench.keeper.heldKeys(of: bench.node) == ["ada"])
    }

    // MARK: Processes

    @Test(arguments: KeeperKind.allCases)
    func `every renewal counts, and everybody's are told`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        _ = try bench.renew(bench.node)
        // Registering again takes nothing back.
        for answer in [try bench.renew(bench.node), try bench.register(bench.node)] {
            let roster = try roster(answer)
            #expect(
                Set(roster.beats) == [
                    .init(incarnation: bench.node, counter: 2),
                    .init(incarnation: bench.other, counter: 0),
                ]
            )
            #expect(roster.dead == [])
        }
    }

    @Test(arguments: KeeperKind.allCases)
    func `a certified process never comes back, and only a still one is certified`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        _ = try bench.renew(bench.node)
        #expect(try bench.certify(bench.node, counter: 0) == .moved)
        #expect(try bench.certify(bench.node, counter: 1) == .certified)
        #expect(try bench.certify(bench.node, counter: 1) == .moved)
        #expect(try bench.certify(bench.other, counter: 0, by: bench.node) == .unregistered)
        #expect(try bench.renew(bench.node) == .unregistered)
        #expect(try bench.register(bench.node) == .unregistered)
        #expect(try bench.keeper.claim(bench.claim("Ada")) == .unregistered)
        #expect(try roster(bench.renew(bench.other)).dead == [bench.node])
    }

    @Test(arguments: KeeperKind.allCases)
    func `a dead process's names are freed one by one, and then it is forgotten`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        _ = try bench.hold("Bob")
        _ = try bench.hold("Eve")
        _ = try bench.say(ada, [1])
        #expect(try bench.reap(bench.node, ["ada"]) == .notDead)
        #expect(try bench.certify(bench.node, counter: 0) == .certified)
        // A dead holder holds nothing: one name is claimed before it is reaped.
        _ = try bench.granted(bench.claim("Eve", by: bench.other))
        #expect(try bench.reap(bench.node, []) == .left(2))
        #expect(try bench.reap(bench.node, ["ada"]) == .left(1))
        #expect(try bench.keeper.heldKeys(of: bench.node) == ["bob"])
        #expect(try bench.reap(bench.node, ["bob", "eve"]) == .left(0))
        #expect(try bench.reap(bench.node, []) == .notDead)
        #expect(try bench.keeper.heldKeys(of: bench.other) == ["eve"])
        // The owner comes back to where it was, as another incarnation.
        let back = try bench.granted(bench.again(ada, by: bench.other))
        #expect(back.lineage == ada.grant.lineage)
        #expect((back.n, back.seq) == (1, 1))
        #expect(back.fence > ada.grant.fence)
    }

    private func roster(_ answer: RosterAnswer) throws -> Roster {
        guard case .roster(let roster) = answer else { throw Unexpected("\(answer)") }
        return roster
    }
}
