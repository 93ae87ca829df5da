import TestSupport
import Testing

@testable import ChatCore

/// Messages that are taken back: the store and the scripts alike.
@Suite struct RemovalTests {
    private static let text = #"{"type":"chat","username":"Ada","value":"secret"}"#

    private func remove(
        _ target: MessagePlace,
        _ holding: Holding,
        n: UInt64,
        by authority: Removal.Authority = .author,
        in harness: StoreHarness
    ) throws -> PublishVerdict {
        let notice = RemovedBody.notice(of: target, by: "Ada", reason: nil, in: .lobby)
        let call = PublishCall(
            epoch: harness.epoch,
            incarnation: holding.claim.incarnation,
            room: .lobby,
            position: nil,
            drafts: [
                holding.sealed(
                    n,
                    .lobby,
                    String(decoding: notice, as: UTF8.self),
                    tag: DraftTag.none.ofRemoval(by: authority)
                )
            ]
        )
        let (answer, delivered) = try harness.subject.publish(call)
        guard case .verdicts(let verdicts, _) = answer, let verdict = verdicts.first else {
            throw Unexpected("\(answer)")
        }
        if case .accepted = verdict {
            #expect(delivered != nil)
        } else {
            #expect(delivered == nil)
        }
        return verdict
    }

    private func target(_ holding: Holding, _ n: UInt64, at seq: UInt64) -> MessagePlace {
        .init(seq: seq, mid: holding.mid(n))
    }

    private func bodies(_ harness: StoreHarness) throws -> [String] {
        try harness.subject.log(of: .lobby).flatMap(\.items)
            .map { String(decoding: $0.body, as: UTF8.self) }
    }

    private let none = Store.Retention(removalPause: .zero)

    @Test(arguments: StoreKind.allCases)
    func `the text of a message leaves the log, and its place stays`(_ kind: StoreKind) async throws
    {
        let harness = try await StoreHarness(kind, none)
        let ada = try harness.hold("Ada")
        // In a batch of its own, in the middle of one, and at the end of the log.
        _ = try harness.say(ada, [1], body: Self.text)
        _ = try harness.say(ada, [2, 3, 4], body: Self.text)
        _ = try harness.say(ada, [5], body: Self.text)
        let before = try harness.subject.log(of: .lobby)
        var n: UInt64 = 5
        for seq in [UInt64(3), 5, 1] {
            n += 1
            #expect(
                try remove(target(ada, seq, at: seq), ada, n: n, in: harness) == .accepted(seq: n)
            )
        }
        let log = try harness.subject.log(of: .lobby)
        #expect(log.seqs == Array(1...8))
        #expect(log.mids == (1...8).map { ada.mid($0) })
        #expect(Array(log.map(\.ms).prefix(3)) == before.map(\.ms))
        let blank = String(decoding: RemovedBody.blank(in: .lobby), as: UTF8.self)
        let texts = try bodies(harness)
        #expect(Array(texts.prefix(5)) == [blank, Self.text, blank, Self.text, blank])
        #expect(texts.suffix(3).allSatisfy { $0.contains(#""of":{"seq":"#) })
        // The order goes on.
        #expect(try harness.say(ada, [9]) == [.accepted(seq: 9)])
        #expect(try harness.page(behind: nil).top == harness.place(9, ada, n: 9))
    }

    @Test(arguments: StoreKind.allCases)
    func `a message is taken back once, by whom it is from`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind, none)
        let (ada, eve) = (try harness.hold("Ada"), try harness.hold("Eve"))
        _ = try harness.say(ada, [1], body: Self.text)
        let first = target(ada, 1, at: 1)
        #expect(try remove(first, eve, n: 1, in: harness) == .notRemoved(.notOwn))
        #expect(try remove(target(ada, 1, at: 2), ada, n: 2, in: harness) == .notRemoved(.notFound))
        #expect(try remove(target(ada, 2, at: 1), ada, n: 2, in: harness) == .notRemoved(.notFound))
        #expect(try remove(first, ada, n: 3, in: harness) == .gap(expected: 2))
        #expect(try remove(first, ada, n: 1, in: harness) == .duplicate(seq: 1))
        #expect(try remove(first, ada, n: 2, in: harness) == .accepted(seq: 2))
        #expect(try remove(first, ada, n: 2, in: harness) == .duplicate(seq: 2))
        // What stands there is no message any more; the number of this request is used.
        #expect(try remove(first, ada, n: 3, in: harness) == .duplicate(seq: nil))
        #expect(try remove(first, ada, n: 3, in: harness) == .duplicate(seq: nil))
        #expect(try remove(target(ada, 2, at: 2), ada, n: 4, in: harness) == .notRemoved(.notFound))
        #expect(try harness.say(ada, [4]) == [.accepted(seq: 3)])
        #expect(try harness.say(eve, [1]) == [.accepted(seq: 4)])
    }

    @Test(arguments: StoreKind.allCases)
    func `the moderator takes back any message, without a login`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind, .init(removalWindow: .zero, removalPause: .zero))
        let (ada, eve) = (try harness.hold("Ada"), try harness.hold("Eve"))
        _ = try harness.say(ada, [1, 2], body: Self.text)
        #expect(
            try remove(target(ada, 1, at: 1), eve, n: 1, by: .moderator, in: harness)
                == .accepted(seq: 3)
        )
        #expect(
            try remove(target(ada, 1, at: 1), eve, n: 1, by: .moderator, in: harness)
                == .duplicate(seq: nil)
        )
        // No number of the login is used.
        #expect(try harness.say(eve, [1]) == [.accepted(seq: 4)])
        #expect(try bodies(harness).filter { $0 == Self.text }.count == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `a room has one removal in a while, and a message can be too old`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind, .init(removalPause: .seconds(3600)))
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1, 2], body: Self.text)
        #expect(try remove(target(ada, 1, at: 1), ada, n: 3, in: harness) == .accepted(seq: 3))
        let second = try remove(target(ada, 2, at: 2), ada, n: 4, in: harness)
        guard case .notRemoved(.tooSoon(let wait)) = second else { throw Unexpected("\(second)") }
        #expect(wait <= .seconds(3600) && wait > .seconds(3590))
        // The moderator does not wait for users.
        let other = try remove(target(ada, 2, at: 2), ada, n: 1, by: .moderator, in: harness)
        #expect(other == .accepted(seq: 4))
        #expect(try harness.say(ada, [4]) == [.accepted(seq: 5)])
    }

    @Test(arguments: StoreKind.allCases)
    func `without a time to take messages back, none is taken back at once either`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind, .init(removalWindow: .zero, removalPause: .zero))
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1], body: Self.text)
        let answer = try remove(target(ada, 1, at: 1), ada, n: 2, in: harness)
        #expect(answer == .notRemoved(.tooLate))
        #expect(try harness.say(ada, [2]) == [.accepted(seq: 2)])
    }

    @Test(arguments: StoreKind.allCases)
    func `what is kept stays within its bounds after removals`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind, .init(messages: 6, removalPause: .zero))
        let ada = try harness.hold("Ada")
        var n: UInt64 = 0
        for _ in 0..<12 {
            _ = try harness.say(ada, [n + 1, n + 2], body: Self.text)
            n += 3
            let place = target(ada, n - 1, at: n - 1)
            #expect(try remove(place, ada, n: n, in: harness) == .accepted(seq: n))
            let log = try harness.subject.log(of: .lobby)
            #expect(log.seqs.count <= 7)
            #expect(log.seqs.last == n && log.seqs == Array((log.seqs.first ?? 0)...n))
        }
    }
}
