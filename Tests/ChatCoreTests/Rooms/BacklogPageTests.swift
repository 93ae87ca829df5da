import Testing

@testable import ChatCore

/// Pages of a room's log in front of its backlog, and what is read from both.
@Suite struct BacklogPageTests {
    private func batch(
        _ seqs: ClosedRange<UInt64>,
        as first: UInt64? = nil,
        after prev: UInt64? = nil,
        epoch: UInt64 = 3,
        bytes: Int = 1
    ) -> FramedBatch {
        let first = first ?? seqs.lowerBound
        let filling = String(repeating: "x", count: bytes)
        let publication = Publication(
            room: .lobby,
            epoch: epoch,
            firstSeq: seqs.lowerBound,
            prev: TimelineHarness.mid(prev ?? first - 1),
            ms: 1,
            items: seqs.map { seq in
                let mid = TimelineHarness.mid(first + seq - seqs.lowerBound)
                return .init(mid: mid, body: Array(#"{"v":"\#(filling)"}"#.utf8))
            }
        )
        return FramedBatch(framing: publication)
    }

    private func seqs(_ texts: [ArraySlice<UInt8>]) -> [UInt64] {
        texts.compactMap { text in
            String(decoding: text, as: UTF8.self).firstRange(of: #"","seq":"#)
                .flatMap {
                    String(decoding: text, as: UTF8.self)[$0.upperBound...].split(separator: ",")
                        .first
                }
                .flatMap { UInt64($0) }
        }
    }

    /// The messages 11 to 13, of which the first two are dropped, behind which 1 to 10 are in the log.
    private func trimmed() -> Backlog {
        var backlog = Backlog(maxFrames: 1, maxBytes: 100_000)
        backlog.append(batch(11...12))
        backlog.append(batch(13...13))
        backlog.trim(passed: backlog.end)
        return backlog
    }

    @Test func `a page continues the backlog to the front, with cursors before it`() {
        var backlog = trimmed()
        #expect(backlog.start == 2)
        #expect(backlog.find(TimelineHarness.place(11)) == nil)
        backlog.prepend([batch(9...10), batch(11...12)])
        backlog.prepend([batch(1...4), batch(5...8)])
        #expect(backlog.start == -10)
        for seq in 0...13 as ClosedRange<UInt64> {
            #expect(backlog.find(TimelineHarness.place(seq))?.cursor == Int(seq) - 10)
            #expect(
                backlog.position(at: Int(seq) - 10)
                    == (seq == 13 ? nil : TimelineHarness.place(seq))
            )
        }
        var all: [UInt8] = []
        let batches = [batch(1...4), batch(5...8), batch(9...10), batch(11...12), batch(13...13)]
        #expect(backlog.gather(from: -10, limit: .max, into: &all) == 3)
        #expect(all == batches.flatMap(\.bytes))
        #expect(backlog.byteCount == all.count)
    }

    @Test func `pages in use stay up to a bound of bytes, and go when they are not`() {
        var backlog = trimmed()
        backlog.prepend([batch(11...12)])
        backlog.hasPages = true
        for seq in 14...40 as ClosedRange<UInt64> {
            backlog.append(batch(seq...seq, bytes: 10_000))
            backlog.trim(passed: backlog.end)
        }
        #expect(backlog.end - backlog.start == 30)
        for seq in 41...60 as ClosedRange<UInt64> {
            backlog.append(batch(seq...seq, bytes: 10_000))
            backlog.trim(passed: backlog.end)
        }
        #expect(backlog.byteCount <= 100_000 * Limits.pagedBacklogs)
        #expect(backlog.end - backlog.start == 39)
        backlog.hasPages = false
        backlog.trim(passed: backlog.end)
        #expect(backlog.end - backlog.start == 1)
    }

    @Test func `the newest messages begin at a cursor, and what is void does not count`() {
        var backlog = Backlog()
        backlog.append(batch(1...6))
        let frame = FramedBatch(framing: Array("reset".utf8))
        let base = TimelineHarness.place(4, epoch: 4)
        backlog.append(.reset(base), framed: frame, after: TimelineHarness.place(6))
        backlog.append(batch(5...6, as: 20, after: 4, epoch: 4))
        #expect(backlog.cursor(ofNewest: 0) == 9)
        #expect(backlog.cursor(ofNewest: 2) == 7)
        #expect(backlog.cursor(ofNewest: 3) == 3)
        #expect(backlog.cursor(ofNewest: 6) == 0)
        #expect(backlog.cursor(ofNewest: 7) == nil)
        let (texts, isFull) = backlog.texts(before: .max, limit: 10, bytes: 10_000)
        #expect(seqs(texts) == [1, 2, 3, 4, 5, 6])
        #expect(texts.last.map { String(decoding: $0, as: UTF8.self) }?.contains(".21") == true)
        #expect(!isFull)
    }

    @Test func `texts are those before a number, as many as fit, and one at least`() {
        var backlog = Backlog()
        backlog.append(batch(1...3, bytes: 100))
        backlog.append(batch(4...4, bytes: 70_000))
        backlog.append(batch(5...6, bytes: 100))
        func texts(_ before: UInt64, _ limit: Int, _ bytes: Int) -> String {
            let (texts, isFull) = backlog.texts(before: before, limit: limit, bytes: bytes)
            return "\(seqs(texts)) \(isFull)"
        }
        #expect(texts(.max, 2, 1000) == "[5, 6] true")
        #expect(texts(.max, 9, 1000) == "[5, 6] true")
        #expect(texts(5, 9, 1000) == "[4] true")
        #expect(texts(4, 2, 1000) == "[2, 3] true")
        #expect(texts(4, 3, 1000) == "[1, 2, 3] false")
        #expect(texts(1, 3, 1000) == "[] false")
    }
}
