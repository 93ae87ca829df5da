import ChatCore
import TestSupport
import Testing

/// Rooms: the store and the scripts alike.
@Suite struct RoomTests {
    @Test(arguments: KeeperKind.allCases)
    func `messages get numbers without a hole, in every room its own`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        let eve = try bench.hold("Eve")
        let room = try RoomName("r")
        try bench.begin(room)
        #expect(try bench.say(ada, [1, 2]) == [.accepted(seq: 1), .accepted(seq: 2)])
        #expect(try bench.say(eve, [1]) == [.accepted(seq: 3)])
        #expect(try bench.say(ada, [3], in: room) == [.accepted(seq: 1)])
        let log = try bench.keeper.log(of: .lobby)
        #expect(log.seqs == [1, 2, 3])
        #expect(log.mids == [ada.mid(1), ada.mid(2), eve.mid(1)])
        #expect(try bench.keeper.log(of: room).mids == [ada.mid(3)])
        #expect(try bench.page(behind: nil).top == bench.place(3, eve, n: 1))
    }

    @Test(arguments: KeeperKind.allCases)
    func `a number is accepted once, and only in its turn`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        #expect(try bench.say(ada, [2]) == [.gap(expected: 1)])
        #expect(
            try bench.say(ada, [1, 1, 3, 2]) == [
                .accepted(seq: 1), .duplicate(seq: 1), .gap(expected: 2), .accepted(seq: 2),
            ]
        )
        #expect(try bench.say(ada, [1, 2]) == [.duplicate(seq: nil), .duplicate(seq: 2)])
        #expect(try bench.page(behind: nil).top?.seq == 2)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a name that has moved on cannot be spoken under`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let old = try bench.hold("Ada")
        #expect(try bench.release(old))
        #expect(try bench.say(old, [1]) == [.fenced])
        let new = try bench.hold("Ada")
        #expect(try bench.say(old, [1]) == [.fenced])
        // The fence, the session and the process each count.
        let stale = Grant(fence: old.grant.fence, lineage: new.grant.lineage, n: 0, seq: 0)
        #expect(try bench.say(Holding(claim: new.claim, grant: stale), [1]) == [.fenced])
        #expect(try bench.say(Holding(claim: old.claim, grant: new.grant), [1]) == [.fenced])
        let call = PublishCall(
            reign: bench.reign,
            incarnation: bench.other,
            room: .lobby,
            position: nil,
            drafts: [new.sealed(1)]
        )
        let (answer, delivered) = try bench.keeper.publish(call)
        guard case .verdicts([.fenced], _) = answer else { throw Unexpected("\(answer)") }
        #expect(delivered == nil)
        #expect(try bench.page(behind: nil).top?.seq == 0)
    }

    @Test(arguments: KeeperKind.allCases)
    func `a batch is delivered as one text that reads back`(_ kind: KeeperKind) async throws {
        let bench = try await Bench(kind)
        let ada = try bench.hold("Ada")
        let eve = try bench.hold("Eve")
        let room = try RoomName("r.1")
        let before = ada.mid(77)
        let known = Position(epoch: bench.reign.epoch, seq: 41, mid: before)
        _ = try bench.page(behind: known, replacing: CatchUpCall.FoundTop.none, in: room)
        let bodies = [#"{"a":"\n"}"#, "{\"b\":\"ü\u{0}\n\"}"]
        let call = PublishCall(
            reign: bench.reign,
            incarnation: bench.node,
            room: room,
            position: known,
            drafts: [ada.sealed(1, room, bodies[0]), eve.sealed(2), eve.sealed(1, room, bodies[1])]
        )
        let (answer, delivered) = try bench.keeper.publish(call)
        guard case .verdicts(let verdicts, let ms) = answer else { throw Unexpected("\(answer)") }
        #expect(verdicts == [.accepted(seq: 42), .gap(expected: 1), .accepted(seq: 43)])
        let lineages = (ada.grant.lineage, eve.grant.lineage)
        let text = """
            \(bench.reign.epoch) 42 2 \(ms) \(before)
            \(lineages.0).1 \(bodies[0].utf8.count)
            \(bodies[0])
            \(lineages.1).1 \(bodies[1].utf8.count)
            \(bodies[1])

            """
        #expect(delivered == Array(text.utf8))
        let publication = Publication(
            room: room,
            epoch: bench.reign.epoch,
            firstSeq: 42,
            prev: before,
            ms: ms,
            items: zip([ada, eve], bodies).map { holding, body in
                .init(mid: MessageID(lineage: holding.grant.lineage, n: 1), body: Array(body.utf8))
            }
        )
        #expect(BusPayload.parse(delivered ?? [], room: room) == .messages(publication))
    }

    /// As many messages as a call may have, each of somebody else.
    private func speakers(_ bench: Bench) throws -> [Holding] {
        try (0..<Limits.batchMessages).map { try bench.hold("user\($0)") }
    }

    private func call(_ bench: Bench, _ speakers: [Holding], _ n: UInt64) -> PublishCall {
        PublishCall(
            reign: bench.reign,
            incarnation: bench.node,
            room: .lobby,
            position: nil,
            drafts: speakers.map { $0.sealed(n, .lobby, #"{"v":\#(n)}"#) }
        )
    }

    @Test(arguments: KeeperKind.allCases)
    func `a whole call of senders who speak once each is one entry and one delivery`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let all = try speakers(bench)
        let count = UInt64(all.count)
        for n in 1...3 as ClosedRange<UInt64> {
            let (answer, delivered) = try bench.keeper.publish(call(bench, all, n))
            guard case .verdicts(let verdicts, let ms) = answer else {
                throw Unexpected("\(answer)")
            }
            let first = (n - 1) * count + 1
            #expect(verdicts == (0..<count).map { .accepted(seq: first + $0) })
            let publication = Publication(
                room: .lobby,
                epoch: bench.reign.epoch,
                firstSeq: first,
                prev: n == 1 ? bench.birth : all[all.count - 1].mid(n - 1),
                ms: ms,
                items: all.map { .init(mid: $0.mid(n), body: Array(#"{"v":\#(n)}"#.utf8)) }
            )
            #expect(BusPayload.parse(delivered ?? [], room: .lobby) == .messages(publication))
            #expect(try bench.keeper.log(of: .lobby).last == publication)
            #expect(try bench.keeper.log(of: .lobby).count == Int(n))
        }
        // Of each the number and the place are known, the first's as well as the last's.
        for (place, holding) in all.enumerated() where place % 85 == 0 {
            let seq = 2 * count + UInt64(place) + 1
            #expect(try bench.say(holding, [3]) == [.duplicate(seq: seq)])
        }
    }

    @Test(arguments: KeeperKind.allCases)
    func `of a whole call half of whose senders have lost their names, the other half stands`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind)
        let all = try speakers(bench)
        let count = UInt64(all.count)
        _ = try bench.keeper.publish(call(bench, all, 1))
        for (place, holding) in all.enumerated() where place % 2 == 1 {
            #expect(try bench.release(holding))
            // A free name, one that is another's, and one that is another login's of the same node.
            if place % 3 == 1 { _ = try bench.granted(bench.claim(holding.claim.username.display)) }
            if place % 3 == 2 {
                let claim = try bench.claim(holding.claim.username.display, by: bench.other)
                _ = try bench.granted(claim)
            }
        }
        let (answer, delivered) = try bench.keeper.publish(call(bench, all, 2))
        guard case .verdicts(let verdicts, let ms) = answer else { throw Unexpected("\(answer)") }
        let expected = all.indices.map { place -> PublishVerdict in
            place % 2 == 1 ? .fenced : .accepted(seq: count + UInt64(place) / 2 + 1)
        }
        #expect(verdicts == expected)
        let kept = all.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        let publication = Publication(
            room: .lobby,
            epoch: bench.reign.epoch,
            firstSeq: count + 1,
            prev: all[all.count - 1].mid(1),
            ms: ms,
            items: kept.map { .init(mid: $0.mid(2), body: Array(#"{"v":2}"#.utf8)) }
        )
        #expect(BusPayload.parse(delivered ?? [], room: .lobby) == .messages(publication))
        #expect(try bench.keeper.log(of: .lobby).last == publication)
        #expect(
            try bench.page(behind: nil).top
                == Position(
                    epoch: bench.reign.epoch,
                    seq: count * 3 / 2,
                    mid: kept[kept.count - 1].mid(2)
                )
        )
    }

    @Test(arguments: KeeperKind.allCases)
    func `of a room so many messages, so many bytes are kept`(_ kind: KeeperKind) async throws {
        // A line `abcdefgh.1 7` and the JSON of 7 bytes are 21 with their ends.
        let bench = try await Bench(kind, .init(messages: 5, bytes: 150, age: .seconds(1000)))
        let ada = try bench.hold("Ada")
        func say(_ n: UInt64, bytes: Int) throws {
            let frame = ada.mid(n).description.utf8.count + " 99\n\n".utf8.count
            let text = String(repeating: "x", count: bytes - frame - #"{"v":""}"#.utf8.count)
            _ = try bench.say(ada, [n], body: #"{"v":"\#(text)"}"#)
        }
        for n in 1...9 { _ = try bench.say(ada, [UInt64(n)]) }
        #expect(try bench.keeper.log(of: .lobby).seqs == Array(5...9))
        try say(10, bytes: 108)
        #expect(try bench.keeper.log(of: .lobby).seqs == [8, 9, 10])
        try say(11, bytes: 42)
        #expect(try bench.keeper.log(of: .lobby).seqs == [10, 11])
        try say(12, bytes: 43)
        #expect(try bench.keeper.log(of: .lobby).seqs == [11, 12])
        // More than is kept in one message: it stays until there is another one.
        _ = try bench.say(ada, [13], body: #"{"v":"\#(String(repeating: "x", count: 500))"}"#)
        #expect(try bench.keeper.log(of: .lobby).seqs == [13])
        #expect(try bench.say(ada, [14]) == [.accepted(seq: 14)])
        #expect(try bench.keeper.log(of: .lobby).seqs == [14])
    }

    @Test(arguments: KeeperKind.allCases)
    func `nothing is kept where nothing is to be kept, and numbers go on`(
        _ kind: KeeperKind
    ) async throws {
        let bench = try await Bench(kind, .init(messages: 0))
        let ada = try bench.hold("Ada")
        #expect(try bench.say(ada, [1, 2]) == [.accepted(seq: 1), .accepted(seq: 2)])
        #expect(try bench.keeper.log(of: .lobby) == [])
        #expect(try bench.say(ada, [3]) == [.accepted(seq: 3)])
        let page = try bench.page(behind: bench.place(2, ada))
        #expect(page.footing == .trimmed)
        #expect(page.entries == [])
        #expect(page.top == bench.place(3, ada))
    }
}
