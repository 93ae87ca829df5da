@testable import ChatCore
import TestSupport
import Testing

@Suite struct BacklogTests {
    /// Makes a batch of frames of the given sizes; each frame repeats a byte of its own, counted
    /// up.
    private func batch(_ sizes: [Int], from first: inout UInt8) -> FramedBatch {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for size in sizes {
            bytes += Array(repeating: first, count: size)
            first &+= 1
            ends.append(bytes.count)
        }
        return FramedBatch(bytes: bytes, ends: ends)
    }

    @Test func `a frame is found from any byte of it`() {
        var first: UInt8 = 0
        let batch = batch([3, 1, 5], from: &first)
        #expect((0..<9).map { batch.frame(containing: $0) } == [0, 0, 0, 1, 2, 2, 2, 2, 2])
        #expect((0...3).map { batch.start(of: $0) } == [0, 3, 4, 9])
    }

    @Test func `messages are framed once, with their place, for all clients`() throws {
        let producer = try #require(ProducerID("abcd0123"))
        let bodies = [
            #"{"type":"chat","username":"Ada","value":1}"#,
            #"{"type":"chat","username":"G","value":"\#(String(repeating: "x", count: 70_000))"}"#,
        ]
        let publication = Publication(
            room: .lobby,
            epoch: 3,
            firstSeq: 9,
            prev: .birth(producer),
            ms: 12,
            items: bodies.enumerated().map {
                .init(mid: MessageID(producer: producer, n: UInt64($0 + 7)), body: Array($1.utf8))
            }
        )
        let batch = FramedBatch(framing: publication)
        #expect(batch.count == 2)
        #expect(
            TestNode.texts(of: batch) == [
                bodies[0].dropLast() + #","seq":9,"ts":12,"mid":"abcd0123.7"}"#,
                bodies[1].dropLast() + #","seq":10,"ts":12,"mid":"abcd0123.8"}"#,
            ]
        )
        #expect(batch.start(of: 2) == batch.bytes.count)
        #expect(batch.bytes[batch.start(of: 1)] == 0x81)
    }

    @Test func `from every cursor, the frames gathered are those appended from it on`() {
        var random = Seed.generator
        var backlog = Backlog()
        var frames: [[UInt8]] = []
        var first: UInt8 = 0
        for _ in 0..<50 {
            let sizes = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                Int.random(in: 1...20, using: &random)
            }
            let batch = batch(sizes, from: &first)
            for frame in 0..<batch.count {
                frames.append(
                    Array(batch.bytes[batch.start(of: frame)..<batch.start(of: frame + 1)])
                )
            }
            backlog.append(batch)
        }
        #expect(backlog.end == frames.count)
        for cursor in 0...frames.count {
            var gathered: [UInt8] = []
            #expect(backlog.gather(from: cursor, limit: .max, into: &gathered) == frames.count)
            #expect(gathered == frames[cursor...].flatMap { $0 }, "seed \(Seed.value)")
            let end = backlog.gather(from: cursor, limit: 30, into: &gathered)
            #expect(gathered == frames[cursor..<end].flatMap { $0 }, "seed \(Seed.value)")
            #expect(cursor == frames.count || end > cursor)
        }
    }

    @Test func `wherever a write is cut, the rest of the frame and the next cursor fit`() {
        var first: UInt8 = 0
        var backlog = Backlog()
        backlog.append(batch([3, 2], from: &first))
        backlog.append(batch([4], from: &first))
        let all: [[UInt8]] = [[0, 0, 0], [1, 1], [2, 2, 2, 2]]
        for cursor in 0..<3 {
            let bytes = all[cursor...].flatMap { $0 }
            for count in 0..<bytes.count {
                let (rest, next) = backlog.cut(from: cursor, after: count)
                // What was sent, then the rest of the cut frame, then all frames from the cursor
                // on.
                let whole = bytes[..<count] + rest + all[next...].flatMap { $0 }
                #expect(Array(whole) == bytes)
                #expect(!rest.isEmpty)
                #expect(Set(rest).count == 1)
            }
        }
    }

    @Test func `a backlog keeps what its bounds allow, and drops no frame not yet passed`() {
        var first: UInt8 = 0
        var backlog = Backlog(maxFrames: 10, maxBytes: 1000)
        for _ in 0..<10 { backlog.append(batch([10, 10], from: &first)) }
        #expect(backlog.end == 20)
        backlog.trim(passed: 4)
        #expect(backlog.start == 4)
        backlog.trim(passed: 20)
        #expect(backlog.start == 10)
        #expect(backlog.byteCount == 100)
        backlog.append(batch([2000], from: &first))
        backlog.trim(passed: 20)
        #expect(backlog.start == 20)
        backlog.trim(passed: 21)
        #expect(backlog.start == 21)
        #expect(backlog.byteCount == 0)
        #expect(backlog.batch(at: 21) == nil)
        backlog.append(batch([1], from: &first))
        #expect(backlog.batch(at: 21)?.frame == 0)
    }

    @Test func `a backlog drops what is older than the newest message by more than it may be`() {
        /// A message of one byte, and its time in milliseconds; 0: it has none.
        func append(at ms: Int64, to backlog: inout Backlog) {
            backlog.append(FramedBatch(bytes: [0], ends: [1], ms: ms))
        }
        var backlog = Backlog(maxAge: .seconds(120))
        // A batch that has no time gets the next message's.
        append(at: 0, to: &backlog)
        append(at: 1_000_000, to: &backlog)
        append(at: 0, to: &backlog)
        append(at: 0, to: &backlog)
        append(at: 1_000_001, to: &backlog)
        append(at: 1_120_000, to: &backlog)
        backlog.trim(passed: 6)
        #expect(backlog.start == 0)
        append(at: 1_120_001, to: &backlog)
        // A client that has not received a message gets it, however old it is.
        backlog.trim(passed: 1)
        #expect(backlog.start == 1)
        backlog.trim(passed: 7)
        #expect(backlog.start == 2)
        // The age is a bound with pages of the log in front as well. The last batch has no time yet.
        backlog.hasPages = true
        append(at: 2_000_000, to: &backlog)
        append(at: 0, to: &backlog)
        backlog.trim(passed: 9)
        #expect(backlog.start == 7)
    }

    @Test func `a backlog says whether it has dropped what is not too old`() {
        var backlog = Backlog(maxFrames: 1, maxAge: .seconds(120))
        for ms in [1, 200_000, 200_001] as [Int64] {
            backlog.append(FramedBatch(bytes: [0], ends: [1], ms: ms))
        }
        let isYoungAmongThem = [backlog.trim(passed: 1), backlog.trim(passed: 3)]
        #expect(isYoungAmongThem == [false, true])
        #expect(backlog.start == 2)
    }

    @Test func `a backlog that is used for long stays within its bounds`() {
        var first: UInt8 = 0
        var backlog = Backlog(maxFrames: 8, maxBytes: 1 << 20)
        for round in 1...10_000 {
            backlog.append(batch([1], from: &first))
            backlog.trim(passed: backlog.end)
            #expect(backlog.end == round)
            #expect(backlog.end - backlog.start <= 8)
            let (batch, frame) =
                backlog.batch(at: backlog.start) ?? (FramedBatch(bytes: [], ends: []), 1)
            #expect(frame == 0)
            #expect(batch.bytes == [UInt8(truncatingIfNeeded: backlog.start)])
        }
        #expect(backlog.byteCount == 8)
    }
}
