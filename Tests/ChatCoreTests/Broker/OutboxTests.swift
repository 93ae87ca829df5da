import ChatCore
import Testing

@Suite struct OutboxTests {
    private func draft(_ number: UInt8) -> Draft {
        Draft(sender: SocketID(slot: 0, generation: 0), room: .lobby, body: [number])
    }

    private func seal(_ draft: Draft) -> SealedDraft? {
        var random = SplitMix(seed: 1)
        let proof = Proof(
            key: "ada",
            incarnation: Incarnation(using: &random),
            session: SessionID(using: &random),
            fence: 1
        )
        return SealedDraft(proof: proof, n: 1, draft: draft)
    }

    private func bodies(_ batch: [SealedDraft]?) -> [UInt8]? {
        batch.map { $0.flatMap(\.draft.body) }
    }

    @Test func `one call is in flight, and what comes meanwhile leaves together`() {
        var outbox = Outbox()
        #expect(outbox.nextBatch(seal: seal)?.count == nil)
        #expect(outbox.add(draft(1)) == true)
        #expect(bodies(outbox.nextBatch(seal: seal)) == [1])
        for number in 2...4 { #expect(outbox.add(draft(UInt8(number))) == true) }
        #expect(outbox.nextBatch(seal: seal)?.count == nil)
        #expect(!outbox.isReady)
        #expect(bodies(outbox.answered()) == [1])
        #expect(bodies(outbox.nextBatch(seal: seal)) == [2, 3, 4])
        #expect(bodies(outbox.answered()) == [2, 3, 4])
        #expect(outbox.isEmpty)
    }

    @Test func `a call carries no more than a batch`() {
        var outbox = Outbox()
        for number in 0..<600 {
            #expect(outbox.add(draft(UInt8(truncatingIfNeeded: number))) == true)
        }
        var sizes: [Int] = []
        var sent: [UInt8] = []
        while outbox.nextBatch(seal: seal) != nil {
            let batch = outbox.answered()
            sizes.append(batch.count)
            sent += bodies(batch) ?? []
        }
        #expect(sizes == [256, 256, 88])
        #expect(sent == (0..<600).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func `what the seal refuses is left out`() {
        var outbox = Outbox()
        for number in 1...3 { #expect(outbox.add(draft(UInt8(number))) == true) }
        let batch = outbox.nextBatch { $0.body == [2] ? nil : seal($0) }
        #expect(bodies(batch) == [1, 3])
        _ = outbox.answered()
        #expect(outbox.add(draft(4)) == true)
        #expect(outbox.nextBatch { _ in nil }?.count == nil)
        #expect(outbox.isEmpty)
    }

    @Test func `a full one refuses`() {
        var outbox = Outbox(maxWaiting: 2)
        #expect(outbox.add(draft(1)) == true)
        #expect(outbox.add(draft(2)) == true)
        #expect(outbox.add(draft(3)) == false)
        _ = outbox.nextBatch(seal: seal)
        #expect(outbox.add(draft(3)) == true)
    }
}
