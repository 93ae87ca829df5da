import Testing

@testable import ChatCore

/// Messages that are taken back while they are kept.
@Suite struct BacklogRemovalTests {
    private static func mid(_ n: UInt64) -> MessageID { TimelineHarness.mid(n) }

    private func publication(_ seqs: ClosedRange<UInt64>, bodies: [UInt64: [UInt8]] = [:])
        -> Publication
    {
        Publication(
            room: .lobby,
            epoch: 3,
            firstSeq: seqs.lowerBound,
            prev: Self.mid(seqs.lowerBound - 1),
            ms: 17,
            items: seqs.map { seq in
                let chat = Array(#"{"type":"chat","username":"A","value":"text \#(seq)"}"#.utf8)
                return .init(mid: Self.mid(seq), body: bodies[seq] ?? chat)
            }
        )
    }

    private func notice(_ seq: UInt64, of target: UInt64) -> Publication {
        let target = MessagePlace(seq: target, mid: Self.mid(target))
        let body = RemovedBody.notice(of: target, by: "A", reason: nil, in: .lobby)
        return publication(seq...seq, bodies: [seq: body])
    }

    /// What a client with this cursor is sent.
    private func sent(_ backlog: Backlog, from cursor: Int, plain: Bool = false) -> [String] {
        var bytes: [UInt8] = []
        _ = backlog.gather(from: cursor, withheld: !plain, limit: .max, into: &bytes)
        var texts: [String] = []
        var rest = bytes[...]
        while let length = rest.dropFirst().first {
            let size =
                length < 126
                ? Int(length) : Int(rest[rest.startIndex + 2]) << 8 + Int(rest[rest.startIndex + 3])
            rest = rest.dropFirst(length < 126 ? 2 : 4)
            texts.append(String(decoding: rest.prefix(size), as: UTF8.self))
            rest = rest.dropFirst(size)
        }
        return texts
    }

    @Test func `removals that a reset takes away are named once, and those that stay are not`() {
        var history = RoomHistory(of: .lobby)
        _ = history.open(at: Position(epoch: 3, seq: 0, mid: Self.mid(0)))
        deliver(publication(1...4), to: &history)
        deliver(notice(5, of: 1), to: &history)
        deliver(notice(6, of: 3), to: &history)
        deliver(publication(7...7), to: &history)
        deliver(notice(8, of: 7), to: &history)
        #expect(history.takeLostRemovals() == [])
        history.reset(to: Position(epoch: 4, seq: 5, mid: Self.mid(5)))
        func places(_ seqs: UInt64...) -> [MessagePlace] {
            seqs.map { MessagePlace(seq: $0, mid: Self.mid($0)) }
        }
        #expect(history.takeLostRemovals() == places(3, 7))
        #expect(history.takeLostRemovals() == [])
        // The third is taken back once more, and that is lost as well.
        deliver(publication(6...8), to: &history)
        deliver(notice(9, of: 3), to: &history)
        history.reset(to: Position(epoch: 5, seq: 8, mid: Self.mid(8)))
        #expect(history.takeLostRemovals() == places(3))
        // The same is found if the room was closed meanwhile.
        _ = history.open(at: Position(epoch: 6, seq: 4, mid: Self.mid(4)))
        #expect(history.takeLostRemovals() == places(1))
    }

    private func deliver(_ publication: Publication, to history: inout RoomHistory) {
        publication.forEachBatch { history.append($0) }
    }

    private func seqs(_ texts: [String]) -> [Int] {
        texts.compactMap { text in
            text.split(separator: #""seq":"#).last.flatMap { Int($0.prefix { $0.isNumber }) }
        }
    }

    @Test func `the text of a message leaves the backlog, and all others keep their places`() {
        var history = RoomHistory(of: .lobby)
        _ = history.open(at: Position(epoch: 3, seq: 0, mid: Self.mid(0)))
        deliver(publication(1...3), to: &history)
        deliver(publication(4...4), to: &history)
        let before = history.backlog
        deliver(notice(5, of: 2), to: &history)
        let texts = sent(history.backlog, from: 0)
        #expect(texts.filter { $0.contains("text 2") } == [])
        #expect(texts.count == 5)
        #expect(seqs(texts) == [1, 2, 3, 4, 5])
        #expect(
            texts[1]
                == #"{"type":"removed","room":"lobby","seq":2,"ts":17,"mid":"\#(Self.mid(2))"}"#
        )
        #expect(texts[0] == sent(before, from: 0)[0] && texts[2] == sent(before, from: 0)[2])
        // A client at any of the places is found there, and goes on from it.
        for seq in UInt64(0)...5 {
            let place = Position(epoch: 3, seq: seq, mid: Self.mid(seq))
            #expect(history.backlog.find(place)?.cursor == Int(seq))
            #expect(seqs(sent(history.backlog, from: Int(seq))) == Array(Int(seq) + 1..<6))
        }
        let size = sent(history.backlog, from: 0).reduce(0) { $0 + $1.utf8.count + 2 }
        #expect(history.backlog.byteCount == size)
    }

    @Test func `clients that know no rooms are sent neither the notice nor the blank`() {
        var history = RoomHistory(of: .lobby)
        _ = history.open(at: Position(epoch: 3, seq: 0, mid: Self.mid(0)))
        deliver(publication(1...3), to: &history)
        deliver(notice(4, of: 2), to: &history)
        deliver(publication(5...5), to: &history)
        for cursor in 0...5 {
            let texts = sent(history.backlog, from: cursor, plain: true)
            #expect(seqs(texts) == [1, 3, 5].filter { $0 > cursor })
            #expect(history.backlog.count(cursor..<5, withheld: false) == texts.count)
        }
    }

    @Test func `a page that still has the text is blanked, and so are older messages`() {
        var history = RoomHistory(of: .lobby, backlog: Backlog(maxFrames: 1))
        _ = history.open(at: Position(epoch: 3, seq: 6, mid: Self.mid(6)))
        deliver(notice(7, of: 2), to: &history)
        let page = HistoryPage(
            newestFirst: [publication(4...6), publication(1...3)],
            upTo: 6,
            hasMore: false
        )
        history.keepPages()
        history.take(page, upTo: 6)
        let (texts, _) = history.backlog.texts(before: .max, limit: 100, bytes: .max)
        #expect(texts.count == 7)
        let joined = texts.map { String(decoding: $0, as: UTF8.self) }.joined()
        #expect(
            !joined.contains("text 2") && joined.contains("text 1") && joined.contains("text 3")
        )
    }

    @Test func `what a reset has brought once more is blanked under both numbers`() {
        var history = RoomHistory(of: .lobby)
        _ = history.open(at: Position(epoch: 3, seq: 0, mid: Self.mid(0)))
        deliver(publication(1...3), to: &history)
        history.reset(to: Position(epoch: 4, seq: 1, mid: Self.mid(1)))
        publication(2...2).forEachBatch(isRepeated: true) { history.append($0) }
        deliver(notice(3, of: 2), to: &history)
        #expect(sent(history.backlog, from: 0).filter { $0.contains("text 2") } == [])
        #expect(sent(history.backlog, from: 0).count == 6)
    }

    @Test func `an older copy of the log does not bring a text back`() {
        var history = RoomHistory(of: .lobby)
        _ = history.open(at: Position(epoch: 3, seq: 0, mid: Self.mid(0)))
        deliver(publication(1...3), to: &history)
        deliver(notice(4, of: 2), to: &history)
        history.reset(to: Position(epoch: 4, seq: 1, mid: Self.mid(1)))
        deliver(publication(2...3), to: &history)
        let texts = sent(history.backlog, from: 0)
        #expect(texts.count == 7 && texts.filter { $0.contains("text 2") } == [])
    }

    @Test func `a message is taken back once, and an unknown one not at all`() {
        var history = RoomHistory(of: .lobby)
        _ = history.open(at: Position(epoch: 3, seq: 0, mid: Self.mid(0)))
        deliver(publication(1...2), to: &history)
        deliver(notice(3, of: 2), to: &history)
        let once = sent(history.backlog, from: 0)
        deliver(notice(4, of: 2), to: &history)
        deliver(notice(5, of: 77), to: &history)
        #expect(Array(sent(history.backlog, from: 0).prefix(3)) == once)
    }
}
