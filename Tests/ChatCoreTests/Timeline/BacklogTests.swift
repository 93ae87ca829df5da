@testable import ChatCore
import TestSupport
import Testing

@Suite struct BacklogTests {
    /// A run of frames of the given sizes, whose bytes count up so that each is known again.
    private func run(_ sizes: [Int], from first: inout UInt8) -> Run {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for size in sizes {
            bytes += Array(repeating: first, count: size)
            first &+= 1
            ends.append(bytes.count)
        }
        return Run(bytes: bytes, ends: ends)
    }

    @Test func `a frame is found from any byte of it`() {
        var first: UInt8 = 0
        let run = run([3, 1, 5], from: &first)
        #expect((0..<9).map { run.frame(containing: $0) } == [0, 0, 0, 1, 2, 2, 2, 2, 2])
        #expect((0...3).map { run.start(of: $0) } == [0, 3, 4, 9])
    }

    @Test func `messages are framed once, with their place, for everybody`() throws {
        let lineage = try #require(Lineage("abcd0123"))
        let bodies = [
            #"{"type":"chat","username":"Ada","value":1}"#,
            #"{"type":"chat","username":"G","value":"\#(String(repeating: "x", count: 70_000))"}"#,
        ]
        let publication = Publication(
            room: .lobby,
            epoch: 3,
            firstSeq: 9,
            prev: .birth(lineage),
            ms: 12,
            items: bodies.enumerated().map {
                .init(mid: MessageID(lineage: lineage, n: UInt64($0 + 7)), body: Array($1.utf8))
            }
        )
        let run = Run(framing: publication)
        #expect(run.count == 2)
        #expect(
            TestNode.texts(of: run) == [
                bodies[0].dropLast() + #","seq":9,"ts":12,"mid":"abcd0123.7"}"#,
                bodies[1].dropLast() + #","seq":10,"ts":12,"mid":"abcd0123.8"}"#,
            ]
        )
        #expect(run.start(of: 2) == run.bytes.count)
        #expect(run.bytes[run.start(of: 1)] == 0x81)
    }

    @Test func `from every cursor, what is gathered is what was appended behind it`() {
        var random = Seed.generator
        var backlog = Backlog()
        var frames: [[UInt8]] = []
        var first: UInt8 = 0
        for _ in 0..<50 {
            let sizes = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                Int.random(in: 1...20, using: &random)
            }
            let run = run(sizes, from: &first)
            for frame in 0..<run.count {
                frames.append(Array(run.bytes[run.start(of: frame)..<run.start(of: frame + 1)]))
            }
            backlog.append(run)
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
        backlog.append(run([3, 2], from: &first))
        backlog.append(run([4], from: &first))
        let all: [[UInt8]] = [[0, 0, 0], [1, 1], [2, 2, 2, 2]]
        for cursor in 0..<3 {
            let bytes = all[cursor...].flatMap { $0 }
            for count in 0..<bytes.count {
                let (rest, next) = backlog.cut(from: cursor, after: count)
                // Sent, then the rest of the cut frame, then everything behind the cursor.
                let whole = bytes[..<count] + rest + all[next...].flatMap { $0 }
                #expect(Array(whole) == bytes)
                #expect(!rest.isEmpty)
                #expect(Set(rest).count == 1)
            }
        }
    }

    @Test func `it keeps what its bounds allow, and never drops what has not been offered`() {
        var first: UInt8 = 0
        var backlog = Backlog(maxFrames: 10, maxBytes: 1000)
        for _ in 0..<10 { backlog.append(run([10, 10], from: &first)) }
        #expect(backlog.end == 20)
        backlog.trim(offered: 4)
        #expect(backlog.start == 4)
        backlog.trim(offered: 20)
        #expect(backlog.start == 10)
        #expect(backlog.byteCount == 100)
        backlog.append(run([2000], from: &first))
        backlog.trim(offered: 20)
        #expect(backlog.start == 20)
        backlog.trim(offered: 21)
        #expect(backlog.start == 21)
        #expect(backlog.byteCount == 0)
        #expect(backlog.run(at: 21) == nil)
        backlog.append(run([1], from: &first))
        #expect(backlog.run(at: 21)?.frame == 0)
    }

    @Test func `a long life leaves nothing behind`() {
        var first: UInt8 = 0
        var backlog = Backlog(maxFrames: 8, maxBytes: 1 << 20)
        for round in 1...10_000 {
            backlog.append(run([1], from: &first))
            backlog.trim(offered: backlog.end)
            #expect(backlog.end == round)
            #expect(backlog.end - backlog.start <= 8)
            let (run, frame) = backlog.run(at: backlog.start) ?? (Run(bytes: [], ends: []), 1)
            #expect(frame == 0)
            #expect(run.bytes == [UInt8(truncatingIfNeeded: backlog.start)])
        }
        #expect(backlog.byteCount == 8)
    }
}
