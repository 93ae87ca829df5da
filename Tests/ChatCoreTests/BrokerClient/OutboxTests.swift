import TestSupport
import Testing

@testable import ChatCore

@Suite struct OutboxTests {
    private let now = Instant(nanoseconds: 5_000_000_000)

    private func draft(_ number: UInt8) -> Draft {
        Draft(sender: SocketID(slot: 0, generation: 0), room: .lobby, body: [number])
    }

    private func seal(_ draft: Draft) -> Outbox.Decision {
        var random = SplitMix(seed: 1)
        return .send(
            SealedDraft(
                key: "ada",
                login: LoginID(using: &random),
                fence: 1,
                producer: ProducerID(using: &random),
                n: 1,
                draft: draft
            )
        )
    }

    private func bodies(_ sent: [Outbox.Sent]) -> [UInt8] {
        sent.flatMap(\.sealed.draft.body)
    }

    @Test func `messages that come while a call is in flight are sent together`() {
        var outbox = Outbox()
        #expect(outbox.add(draft(1), now: now) == true)
        outbox.fill(seal)
        #expect(bodies(outbox.inFlight) == [1])
        for number in 2...4 { #expect(outbox.add(draft(UInt8(number)), now: now) == true) }
        #expect(bodies(outbox.takeInFlight()) == [1])
        outbox.fill(seal)
        #expect(bodies(outbox.takeInFlight()) == [2, 3, 4])
        #expect(outbox.isEmpty)
    }

    @Test func `a call carries no more than a batch`() {
        var outbox = Outbox()
        for number in 0..<600 {
            #expect(outbox.add(draft(UInt8(truncatingIfNeeded: number)), now: now) == true)
        }
        var sizes: [Int] = []
        var sent: [UInt8] = []
        while !outbox.isEmpty {
            outbox.fill(seal)
            let batch = outbox.takeInFlight()
            sizes.append(batch.count)
            sent += bodies(batch)
        }
        #expect(sizes == [256, 256, 88])
        #expect(sent == (0..<600).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func `a message held back keeps its place, and a dropped one is removed`() {
        var outbox = Outbox()
        for number in 1...5 { #expect(outbox.add(draft(UInt8(number)), now: now) == true) }
        outbox.fill { $0.body == [2] ? .wait : $0.body == [4] ? .drop : seal($0) }
        #expect(bodies(outbox.takeInFlight()) == [1, 3, 5])
        outbox.fill(seal)
        #expect(bodies(outbox.takeInFlight()) == [2])
        #expect(outbox.isEmpty)
    }

    @Test func `messages put back go before those that wait`() {
        var outbox = Outbox()
        for number in 1...2 { #expect(outbox.add(draft(UInt8(number)), now: now) == true) }
        outbox.fill(seal)
        #expect(outbox.add(draft(3), now: now) == true)
        outbox.putBack(outbox.takeInFlight())
        outbox.fill(seal)
        #expect(bodies(outbox.inFlight) == [1, 2, 3])
    }

    @Test func `messages that have waited for too long are taken out`() {
        var outbox = Outbox()
        #expect(outbox.add(draft(1), now: now) == true)
        #expect(outbox.add(draft(2), now: now + .seconds(1)) == true)
        #expect(outbox.takeWaiting(since: Instant(nanoseconds: now.nanoseconds - 1)).isEmpty)
        #expect(outbox.takeWaiting(since: now).map(\.body) == [[1]])
        #expect(outbox.takeWaiting().map(\.body) == [[2]])
        #expect(outbox.isEmpty)
    }

    @Test func `a full outbox refuses a message`() {
        var outbox = Outbox(maxWaiting: 2)
        #expect(outbox.add(draft(1), now: now) == true)
        #expect(outbox.add(draft(2), now: now) == true)
        #expect(outbox.add(draft(3), now: now) == false)
        outbox.fill(seal)
        #expect(outbox.add(draft(3), now: now) == true)
    }
}
