import ChatCore
import TestSupport
import Testing

/// Rooms: the store and the scripts alike.
@Suite struct RoomTests {
    @Test(arguments: StoreKind.allCases)
    func `messages get numbers without a hole, in every room its own`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let eve = try harness.hold("Eve")
        let room = try RoomName("r")
        try harness.begin(room)
        #expect(try harness.say(ada, [1, 2]) == [.accepted(seq: 1), .accepted(seq: 2)])
        #expect(try harness.say(eve, [1]) == [.accepted(seq: 3)])
        #expect(try harness.say(ada, [3], in: room) == [.accepted(seq: 1)])
        let log = try harness.subject.log(of: .lobby)
        #expect(log.seqs == [1, 2, 3])
        #expect(log.mids == [ada.mid(1), ada.mid(2), eve.mid(1)])
        #expect(try harness.subject.log(of: room).mids == [ada.mid(3)])
        #expect(try harness.page(behind: nil).top == harness.place(3, eve, n: 1))
    }

    @Test(arguments: StoreKind.allCases)
    func `a number is accepted once, and only in its turn`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        #expect(try harness.say(ada, [2]) == [.gap(expected: 1)])
        #expect(
            try harness.say(ada, [1, 1, 3, 2]) == [
                .accepted(seq: 1), .duplicate(seq: 1), .gap(expected: 2), .accepted(seq: 2),
            ]
        )
        #expect(try harness.say(ada, [1, 2]) == [.duplicate(seq: nil), .duplicate(seq: 2)])
        #expect(try harness.page(behind: nil).top?.seq == 2)
    }

    @Test(arguments: StoreKind.allCases)
    func `a name that has moved on cannot be spoken under`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let old = try harness.hold("Ada")
        #expect(try harness.release(old))
        #expect(try harness.say(old, [1]) == [.fenced])
        let new = try harness.hold("Ada")
        #expect(try harness.say(old, [1]) == [.fenced])
        // The fence, the session and the process each count.
        let stale = Grant(fence: old.grant.fence, producer: new.grant.producer, n: 0, seq: 0)
        #expect(try harness.say(Holding(claim: new.claim, grant: stale), [1]) == [.fenced])
        #expect(try harness.say(Holding(claim: old.claim, grant: new.grant), [1]) == [.fenced])
        let call = PublishCall(
            epoch: harness.epoch,
            incarnation: harness.other,
            room: .lobby,
            position: nil,
            drafts: [new.sealed(1)]
        )
        let (answer, delivered) = try harness.subject.publish(call)
        guard case .verdicts([.fenced], _) = answer else { throw Unexpected("\(answer)") }
        #expect(delivered == nil)
        #expect(try harness.page(behind: nil).top?.seq == 0)
    }

    @Test(arguments: StoreKind.allCases)
    func `a batch is delivered as one text that reads back`(_ kind: StoreKind) async throws {
        let harness = try await StoreHarness(kind)
        let ada = try harness.hold("Ada")
        let eve = try harness.hold("Eve")
        let room = try RoomName("r.1")
        let before = ada.mid(77)
        let known = Position(epoch: harness.epoch.number, seq: 41, mid: before)
        _ = try harness.page(behind: known, replacing: CatchUpCall.FoundTop.none, in: room)
        let bodies = [#"{"a":"\n"}"#, "{\"b\":\"ü\u{0}\n\"}"]
        let call = PublishCall(
            epoch: harness.epoch,
            incarnation: harness.node,
            room: room,
            position: known,
            drafts: [ada.sealed(1, room, bodies[0]), eve.sealed(2), eve.sealed(1, room, bodies[1])]
        )
        let (answer, delivered) = try harness.subject.publish(call)
        guard case .verdicts(let verdicts, let ms) = answer else { throw Unexpected("\(answer)") }
        #expect(verdicts == [.accepted(seq: 42), .gap(expected: 1), .accepted(seq: 43)])
        let producers = (ada.grant.producer, eve.grant.producer)
        let text = """
            \(harness.epoch.number) 42 2 \(ms) \(before)
            \(producers.0).1 \(bodies[0].utf8.count)
            \(bodies[0])
            \(producers.1).1 \(bodies[1].utf8.count)
            \(bodies[1])

            """
        #expect(delivered == Array(text.utf8))
        let publication = Publication(
            room: room,
            epoch: harness.epoch.number,
            firstSeq: 42,
            prev: before,
            ms: ms,
            items: zip([ada, eve], bodies).map { holding, body in
                .init(
                    mid: MessageID(producer: holding.grant.producer, n: 1),
                    body: Array(body.utf8)
                )
            }
        )
        #expect(PublicationCodec.parse(delivered ?? [], room: room) == .messages(publication))
    }

    /// Makes as many logins as a call may have messages.
    private func speakers(_ harness: StoreHarness) throws -> [Holding] {
        try (0..<Limits.batchMessages).map { try harness.hold("user\($0)") }
    }

    private func call(_ harness: StoreHarness, _ speakers: [Holding], _ n: UInt64) -> PublishCall {
        PublishCall(
            epoch: harness.epoch,
            incarnation: harness.node,
            room: .lobby,
            position: nil,
            drafts: speakers.map { $0.sealed(n, .lobby, #"{"v":\#(n)}"#) }
        )
    }

    @Test(arguments: StoreKind.allCases)
    func `a whole call of senders who speak once each is one entry and one delivery`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let all = try speakers(harness)
        let count = UInt64(all.count)
        for n in 1...3 as ClosedRange<UInt64> {
            let (answer, delivered) = try harness.subject.publish(call(harness, all, n))
            guard case .verdicts(let verdicts, let ms) = answer else {
                throw Unexpected("\(answer)")
            }
            let first = (n - 1) * count + 1
            #expect(verdicts == (0..<count).map { .accepted(seq: first + $0) })
            let publication = Publication(
                room: .lobby,
                epoch: harness.epoch.number,
                firstSeq: first,
                prev: n == 1 ? harness.birth : all[all.count - 1].mid(n - 1),
                ms: ms,
                items: all.map { .init(mid: $0.mid(n), body: Array(#"{"v":\#(n)}"#.utf8)) }
            )
            #expect(PublicationCodec.parse(delivered ?? [], room: .lobby) == .messages(publication))
            #expect(try harness.subject.log(of: .lobby).last == publication)
            #expect(try harness.subject.log(of: .lobby).count == Int(n))
        }
        // Of each the number and the place are known, the first's as well as the last's.
        for (place, holding) in all.enumerated() where place % 85 == 0 {
            let seq = 2 * count + UInt64(place) + 1
            #expect(try harness.say(holding, [3]) == [.duplicate(seq: seq)])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `of a whole call half of whose senders have lost their names, the other half stands`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind)
        let all = try speakers(harness)
        let count = UInt64(all.count)
        _ = try harness.subject.publish(call(harness, all, 1))
        for (place, holding) in all.enumerated() where place % 2 == 1 {
            #expect(try harness.release(holding))
            // A free name, one that is another's, and one that is another login's of the same node.
            if place % 3 == 1 {
                _ = try harness.granted(harness.claim(holding.claim.username.display))
            }
            if place % 3 == 2 {
                let claim = try harness.claim(holding.claim.username.display, by: harness.other)
                _ = try harness.granted(claim)
            }
        }
        let (answer, delivered) = try harness.subject.publish(call(harness, all, 2))
        guard case .verdicts(let verdicts, let ms) = answer else { throw Unexpected("\(answer)") }
        let expected = all.indices.map { place -> PublishVerdict in
            place % 2 == 1 ? .fenced : .accepted(seq: count + UInt64(place) / 2 + 1)
        }
        #expect(verdicts == expected)
        let kept = all.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        let publication = Publication(
            room: .lobby,
            epoch: harness.epoch.number,
            firstSeq: count + 1,
            prev: all[all.count - 1].mid(1),
            ms: ms,
            items: kept.map { .init(mid: $0.mid(2), body: Array(#"{"v":2}"#.utf8)) }
        )
        #expect(PublicationCodec.parse(delivered ?? [], room: .lobby) == .messages(publication))
        #expect(try harness.subject.log(of: .lobby).last == publication)
        #expect(
            try harness.page(behind: nil).top
                == Position(
                    epoch: harness.epoch.number,
                    seq: count * 3 / 2,
                    mid: kept[kept.count - 1].mid(2)
                )
        )
    }

    @Test(arguments: StoreKind.allCases)
    func `of a room so many messages, so many bytes are kept`(_ kind: StoreKind) async throws {
        // A line `abcdefgh.1 7` and the JSON of 7 bytes are 21 with their ends.
        let harness = try await StoreHarness(
            kind,
            .init(messages: 5, bytes: 150, age: .seconds(1000))
        )
        let ada = try harness.hold("Ada")
        func say(_ n: UInt64, bytes: Int) throws {
            let frame = ada.mid(n).description.utf8.count + " 99\n\n".utf8.count
            let text = String(repeating: "x", count: bytes - frame - #"{"v":""}"#.utf8.count)
            _ = try harness.say(ada, [n], body: #"{"v":"\#(text)"}"#)
        }
        for n in 1...9 { _ = try harness.say(ada, [UInt64(n)]) }
        #expect(try harness.subject.log(of: .lobby).seqs == Array(5...9))
        try say(10, bytes: 108)
        #expect(try harness.subject.log(of: .lobby).seqs == [8, 9, 10])
        try say(11, bytes: 42)
        #expect(try harness.subject.log(of: .lobby).seqs == [10, 11])
        try say(12, bytes: 43)
        #expect(try harness.subject.log(of: .lobby).seqs == [11, 12])
        // More than is kept in one message: it stays until there is another one.
        _ = try harness.say(ada, [13], body: #"{"v":"\#(String(repeating: "x", count: 500))"}"#)
        #expect(try harness.subject.log(of: .lobby).seqs == [13])
        #expect(try harness.say(ada, [14]) == [.accepted(seq: 14)])
        #expect(try harness.subject.log(of: .lobby).seqs == [14])
    }

    @Test(arguments: StoreKind.allCases)
    func `nothing is kept where nothing is to be kept, and numbers go on`(
        _ kind: StoreKind
    ) async throws {
        let harness = try await StoreHarness(kind, .init(messages: 0))
        let ada = try harness.hold("Ada")
        #expect(try harness.say(ada, [1, 2]) == [.accepted(seq: 1), .accepted(seq: 2)])
        #expect(try harness.subject.log(of: .lobby) == [])
        #expect(try harness.say(ada, [3]) == [.accepted(seq: 3)])
        let page = try harness.page(behind: harness.place(2, ada))
        #expect(page.continuity == .trimmed)
        #expect(page.entries == [])
        #expect(page.top == harness.place(3, ada))
    }

    @Test(arguments: StoreKind.allCases)
    func `an entry whose number was given again is kept no longer than others`(
        _ kind: StoreKind
    ) async throws {
        // An entry of one message has 21 bytes, so that one entry is kept.
        let harness = try await StoreHarness(kind, .init(bytes: 30))
        let ada = try harness.hold("Ada")
        for n: UInt64 in 1...3 { #expect(try harness.say(ada, [n]) == [.accepted(seq: n)]) }
        #expect(try harness.subject.log(of: .lobby).map(\.firstSeq) == [3])
        try harness.subject.restart()
        try harness.begin()
        let claim = harness.again(ada, n: 3, seq: 3)
        let back = Holding(claim: claim, grant: try harness.granted(claim))
        try harness.subject.changeTop(of: .lobby, to: .init(seq: 2, mid: ada.mid(2)))
        #expect(try harness.say(back, [4]) == [.accepted(seq: 3)])
        let log = try harness.subject.log(of: .lobby)
        #expect(log.map(\.firstSeq) == [3])
        #expect(log.map(\.epoch) == [harness.epoch.number])
    }
}
