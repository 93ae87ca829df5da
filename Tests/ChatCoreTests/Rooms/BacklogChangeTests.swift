import Testing

@testable import ChatCore

/// Changes of a room's history among its messages: who is sent them, and where clients stand.
@Suite struct BacklogChangeTests {

    private func place(_ seq: UInt64, as n: UInt64? = nil, epoch: UInt64 = 3) -> Position {
        Position(epoch: epoch, seq: seq, mid: TimelineHarness.mid(n ?? seq))
    }

    private func batch(
        _ seqs: ClosedRange<UInt64>,
        as first: UInt64? = nil,
        after prev: UInt64? = nil,
        epoch: UInt64 = 3,
        isRepeated: Bool = false
    ) -> FramedBatch {
        let first = first ?? seqs.lowerBound
        let publication = Publication(
            room: .lobby,
            epoch: epoch,
            firstSeq: seqs.lowerBound,
            prev: place(0, as: prev ?? first - 1).mid,
            ms: 1,
            items: seqs.map { seq in
                let n = first + seq - seqs.lowerBound
                return .init(mid: place(seq, as: n).mid, body: Array("{\"value\":\(n)}".utf8))
            }
        )
        return FramedBatch(framing: publication, isRepeated: isRepeated)
    }

    /// Messages 1 to 6 of epoch 3; epoch 4, in which 5 and 6 are void; message 20 as 5, and 6 again.
    private func rewound() -> Backlog {
        var backlog = Backlog()
        backlog.append(batch(1...4))
        backlog.append(batch(5...6))
        let reset = FramedBatch(framing: Array("reset".utf8))
        backlog.append(.reset(place(4, epoch: 4)), framed: reset, after: place(6))
        backlog.append(batch(5...5, as: 20, after: 4, epoch: 4))
        backlog.append(batch(6...6, as: 6, after: 20, epoch: 4, isRepeated: true))
        return backlog
    }

    private func texts(_ bytes: [UInt8]) -> [String] {
        var texts: [String] = []
        var rest = bytes[...]
        while rest.count > 1 {
            let count = Int(rest[rest.startIndex + 1])
            let text = rest.dropFirst(2).prefix(count)
            let value = text.split(separator: UInt8(ascii: ",")).first ?? text
            texts.append(String(decoding: value, as: UTF8.self))
            rest = rest.dropFirst(2 + count)
        }
        return texts
    }

    @Test func `a client is told of an epoch in its place, and not before`() {
        var backlog = rewound()
        let reset = FramedBatch(framing: Array("reset".utf8))
        backlog.append(.reset(place(6, epoch: 5)), framed: reset, after: place(6, epoch: 4))
        #expect(backlog.epoch(at: 0) == 3)
        #expect(backlog.epoch(at: 6) == 3)
        #expect(backlog.epoch(at: 7) == 4)
        #expect(backlog.epoch(at: backlog.end) == nil)
        #expect(backlog.isWhole)
        backlog.append(.gap(7...9), framed: reset, after: place(6, epoch: 5))
        #expect(!backlog.isWhole)
    }

    @Test func `a position is found where it stands, and not if it is void`() {
        let backlog = rewound()
        func cursor(_ position: Position) -> Int? { backlog.find(position)?.cursor }
        #expect(cursor(place(0)) == 0)
        #expect(cursor(place(3)) == 3)
        // Before the reset; and after it, for who has been told of the epoch.
        #expect(cursor(place(4)) == 4)
        #expect(cursor(place(4, epoch: 4)) == 7)
        #expect(cursor(place(5)) == nil)
        #expect(cursor(place(6)) == nil)
        #expect(cursor(place(6, epoch: 4)) == 9)
        #expect(cursor(place(5, as: 20, epoch: 4)) == 8)
        // Written in an epoch that this one does not know.
        #expect(cursor(place(5, as: 20)) == nil)
        #expect(backlog.find(place(3))?.isWhole == true)
    }

    @Test func `who stood where the room did before a change is found at the change`() {
        var backlog = Backlog()
        let frame = FramedBatch(framing: Array("reset".utf8))
        backlog.append(.reset(place(5, epoch: 4)), framed: frame, after: place(5))
        #expect(backlog.find(place(5)) == .init(cursor: 0, isWhole: true))
        #expect(backlog.find(place(5, epoch: 4)) == .init(cursor: 1, isWhole: true))
        backlog.append(.gap(6...8), framed: frame, after: place(5, epoch: 4))
        #expect(backlog.find(place(5)) == .init(cursor: 0, isWhole: false))
        #expect(backlog.find(place(5, epoch: 4)) == .init(cursor: 1, isWhole: false))
        backlog.append(batch(9...9, epoch: 4))
        #expect(backlog.find(place(8, epoch: 4)) == .init(cursor: 2, isWhole: true))
        #expect(backlog.position(at: 0) == place(5))
        #expect(backlog.position(at: 1) == place(5, epoch: 4))
    }

    @Test func `who stood before a gap and a reset is told both`() {
        var backlog = Backlog()
        let frame = FramedBatch(framing: Array("change".utf8))
        backlog.append(batch(5...5))
        backlog.append(.gap(6...9), framed: frame, after: place(5))
        backlog.append(.reset(place(9, as: 29)), framed: frame, after: place(5))
        #expect(backlog.find(place(5)) == .init(cursor: 1, isWhole: false))
        #expect(backlog.find(place(9, as: 29)) == .init(cursor: 3, isWhole: true))
        // The same where the room's log is not kept, and with two gaps.
        backlog.drop(before: 1)
        #expect(backlog.find(place(5)) == .init(cursor: 1, isWhole: false))
        backlog.append(.gap(10...10), framed: frame, after: place(9, as: 29))
        backlog.append(.gap(11...12), framed: frame, after: place(9, as: 29))
        #expect(backlog.find(place(9, as: 29)) == .init(cursor: 3, isWhole: false))
    }

    @Test func `changes and what is repeated are withheld from who does not know positions`() {
        let backlog = rewound()
        var bytes: [UInt8] = []
        for cursor in 0...9 {
            let all =
                (1...4).map { "{\"value\":\($0)" } + ["{\"value\":5", "{\"value\":6", "reset"]
            let known = all + ["{\"value\":20", "{\"value\":6"]
            #expect(backlog.gather(from: cursor, limit: .max, into: &bytes) == 9)
            #expect(texts(bytes) == Array(known[cursor...]))
            let end = backlog.gather(from: cursor, withheld: false, limit: .max, into: &bytes)
            #expect(end == 9)
            let sent = (cursor..<9).filter { $0 != 6 && $0 != 8 }.map { known[$0] }
            #expect(texts(bytes) == sent)
            #expect(backlog.count(cursor..<9, withheld: false) == sent.count)
            // Wherever such a write is cut, what follows the cut is what was not sent.
            let whole = bytes
            for count in whole.indices {
                let (rest, next) = backlog.cut(from: cursor, withheld: false, after: count)
                _ = backlog.gather(from: next, withheld: false, limit: .max, into: &bytes)
                #expect(Array(whole[..<count]) + rest + bytes == whole)
            }
        }
    }

    @Test func `a start that is void is told by the reset that has voided it`() {
        var backlog = rewound()
        #expect(backlog.cursor(afterResetOf: place(4)) == nil)
        #expect(backlog.cursor(afterResetOf: place(4, as: 9)) == 7)
        #expect(backlog.cursor(afterResetOf: place(5)) == 7)
        backlog.drop(before: 7)
        #expect(backlog.start == 7)
        #expect(backlog.position(at: 7) == place(4, epoch: 4))
        #expect(backlog.changes.isEmpty)
    }

    @Test func `changes are forgotten with the frames around them`() {
        var backlog = Backlog(maxFrames: 2, maxBytes: 1000)
        let frame = FramedBatch(framing: Array("reset".utf8))
        backlog.append(.reset(place(5, epoch: 4)), framed: frame, after: place(5))
        #expect(backlog.withholds(from: 0))
        backlog.append(batch(6...8, epoch: 4))
        backlog.trim(passed: backlog.end)
        #expect(!backlog.withholds(from: 0))
        #expect(backlog.changes.isEmpty)
    }
}
