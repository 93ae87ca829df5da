import ChatCore
import TestSupport
import Testing

/// Epochs and processes: the store and the scripts alike.
@Suite struct EpochTests {
    @Test(arguments: StoreKind.allCases)
    func `an empty data set begins with a grace, unless there is nobody to wait for`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let first = harness.epoch
        #expect(first.number >= 1_700_000_000)
        #expect(try harness.begin() == false)
        #expect(harness.epoch == first)
        try harness.subject.erase()
        #expect(try harness.begin() == true)
        #expect(try harness.begin(isNewCluster: true) == true)
    }

    @Test(arguments: StoreKind.allCases)
    func `who has seen an epoch begins an empty data set with a higher one, and a grace`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let highest = harness.epoch.number + 1_000_000_000
        try harness.subject.erase()
        #expect(try harness.begin(highestEpoch: highest, isNewCluster: true) == true)
        #expect(harness.epoch.number == highest + 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `a restarted data set has a new epoch and a grace, which any node ends`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let old = harness.epoch
        try harness.subject.restart()
        #expect(try harness.renew(harness.node) == .otherEpoch)
        #expect(try harness.begin(isNewCluster: true) == true)
        #expect(harness.epoch.number == old.number + 1)
        #expect(harness.epoch.dataSet != old.dataSet)
        #expect(try harness.subject.endGrace(old) == false)
        #expect(try harness.begin() == true)
        #expect(try harness.subject.endGrace(harness.epoch) == true)
        #expect(try harness.begin() == false)
    }

    @Test(arguments: StoreKind.allCases)
    func `an epoch that another data set had is not this one's`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let old = harness.epoch
        #expect(try harness.begin(highestEpoch: old.number, highestDataSet: old.dataSet) == false)
        #expect(harness.epoch == old)
        #expect(try harness.begin(highestEpoch: old.number - 1, highestDataSet: "other") == false)
        #expect(try harness.begin(highestEpoch: old.number, highestDataSet: "other") == true)
        #expect(harness.epoch == Epoch(number: old.number + 1, dataSet: old.dataSet))
    }

    @Test(arguments: StoreKind.allCases)
    func `data older than what a node has seen has a new epoch, above both`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let old = harness.epoch
        #expect(try harness.begin(highestEpoch: old.number) == false)
        #expect(try harness.begin(highestEpoch: old.number + 5, highestFence: 1 << 52) == true)
        #expect(harness.epoch == Epoch(number: old.number + 6, dataSet: old.dataSet))
        _ = try harness.subject.endGrace(harness.epoch)
        #expect(try harness.hold("Ada").grant.fence == 1 << 52 + 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `fences of an epoch begin where no earlier one's can have got to`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(ada.grant.fence == harness.epoch.number << 20 + 1)
        try harness.subject.restart()
        try harness.begin()
        let again = try harness.granted(harness.again(ada))
        #expect(again.fence == harness.epoch.number << 20 + 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `nothing is written under another epoch than the present one`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let present = harness.epoch
        let others = [
            Epoch(number: present.number + 1, dataSet: present.dataSet),
            Epoch(number: present.number, dataSet: String(repeating: "0", count: 40)),
        ]
        for epoch in others {
            harness.epoch = epoch
            #expect(try harness.register(harness.node) == .otherEpoch)
            #expect(try harness.renew(harness.node) == .otherEpoch)
            #expect(try harness.certify(harness.node, counter: 0) == .otherEpoch)
            #expect(try harness.reap(harness.node, ["ada"]) == .otherEpoch)
            #expect(try harness.subject.claim(harness.claim("Bob")) == .otherEpoch)
            let call = PublishCall(
                epoch: epoch,
                incarnation: harness.node,
                room: .lobby,
                position: nil,
                drafts: [ada.sealed(1)]
            )
            let (answer, delivered) = try harness.subject.publish(call)
            #expect(answer == .otherEpoch)
            #expect(delivered == nil)
            let question = CatchUpCall(
                epoch: epoch,
                room: .lobby,
                position: nil,
                marks: [],
                limit: 1
            )
            #expect(try harness.subject.catchUp(question, birth: ada.grant.producer) == .otherEpoch)
        }
        #expect(try harness.subject.log(of: .lobby) == [])
        #expect(try harness.subject.heldKeys(of: harness.node) == ["ada"])
    }

    // MARK: Processes

    @Test(arguments: StoreKind.allCases)
    func `every renewal counts, and everybody's are told`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        _ = try harness.renew(harness.node)
        // Registering again takes nothing back.
        for answer in [try harness.renew(harness.node), try harness.register(harness.node)] {
            let roster = try roster(answer)
            #expect(
                Set(roster.heartbeats) == [
                    .init(incarnation: harness.node, counter: 2),
                    .init(incarnation: harness.other, counter: 0),
                ]
            )
            #expect(roster.dead == [])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a certified process never comes back, and only a still one is certified`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        _ = try harness.renew(harness.node)
        #expect(try harness.certify(harness.node, counter: 0) == .moved)
        #expect(try harness.certify(harness.node, counter: 1) == .certified)
        #expect(try harness.certify(harness.node, counter: 1) == .moved)
        #expect(try harness.certify(harness.other, counter: 0, by: harness.node) == .unregistered)
        #expect(try harness.renew(harness.node) == .unregistered)
        #expect(try harness.register(harness.node) == .unregistered)
        #expect(try harness.subject.claim(harness.claim("Ada")) == .unregistered)
        #expect(try roster(harness.renew(harness.other)).dead == [harness.node])
    }

    @Test(arguments: StoreKind.allCases)
    func `a dead process's names are freed one by one, and then it is forgotten`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        _ = try harness.hold("Bob")
        _ = try harness.hold("Eve")
        _ = try harness.say(ada, [1])
        #expect(try harness.reap(harness.node, ["ada"]) == .notDead)
        #expect(try harness.certify(harness.node, counter: 0) == .certified)
        // A dead holder holds nothing: one name is claimed before it is reaped.
        _ = try harness.granted(harness.claim("Eve", by: harness.other))
        #expect(try harness.reap(harness.node, []) == .left(2))
        #expect(try harness.reap(harness.node, ["ada"]) == .left(1))
        #expect(try harness.subject.heldKeys(of: harness.node) == ["bob"])
        #expect(try harness.reap(harness.node, ["bob", "eve"]) == .left(0))
        #expect(try harness.reap(harness.node, []) == .notDead)
        #expect(try harness.subject.heldKeys(of: harness.other) == ["eve"])
        // The owner comes back to where it was, as another incarnation.
        let back = try harness.granted(harness.again(ada, by: harness.other))
        #expect(back.producer == ada.grant.producer)
        #expect((back.n, back.seq) == (1, 1))
        #expect(back.fence > ada.grant.fence)
    }

    private func roster(_ answer: RosterAnswer) throws -> Roster {
        guard case .roster(let roster) = answer else { throw Unexpected("\(answer)") }
        return roster
    }
}
