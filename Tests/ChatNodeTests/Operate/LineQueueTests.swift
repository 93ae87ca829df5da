import Foundation
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

/// What becomes of lines, with and without a reader.
@Suite struct LineQueueTests {
    private func smallPipe() throws -> Pipe {
        let pipe = Pipe()
        try makeSmall(pipe: pipe.fileHandleForWriting.fileDescriptor)
        return pipe
    }

    private func queue(_ pipe: Pipe, capacity: Int) -> LineQueue {
        let queue = LineQueue(pipe.fileHandleForWriting.fileDescriptor, capacity: capacity)
        queue.tellDropped { Array("dropped \($0)\n".utf8) }
        return queue
    }

    /// Returns a line of a number of bytes, beginning with its number.
    private func line(_ number: Int, bytes: Int = 100) -> [UInt8] {
        let head = "\(number) "
        let filling = String(repeating: "x", count: bytes - head.utf8.count - 1)
        return Array((head + filling + "\n").utf8)
    }

    /// Returns the first words of the lines that a pipe has, when `count` of them have come.
    private func words(_ count: Int, of pipe: Pipe) async throws -> [String] {
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        return try await onThread {
            var bytes: [UInt8] = []
            while bytes.count(where: { $0 == 10 }) < count {
                var chunk = [UInt8](repeating: 0, count: 4096)
                var input = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                try require(
                    poll(&input, 1, CInt(TestSocket.patience * 1000)) == 1,
                    "no more lines: \(String(decoding: bytes, as: UTF8.self))"
                )
                bytes += chunk[..<max(0, read(descriptor, &chunk, chunk.count))]
            }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
                String($0.prefix { $0 != "x" }.dropLast($0.contains("x") ? 1 : 0))
            }
        }
    }

    @Test func `lines come in their order`() async throws {
        let pipe = Pipe()
        let queue = queue(pipe, capacity: 100_000)
        for number in 0..<500 { queue.append(line(number)) }
        #expect(try await words(500, of: pipe) == (0..<500).map { "\($0)" })
        #expect(queue.dropped == 0)
        #expect(queue.flush(by: .now() + .seconds(TestSocket.patience)))
    }

    @Test func `without a reader no caller waits, and dropped lines are reported later`()
        async throws
    {
        let pipe = try smallPipe()
        // The pipe is full from the start.
        try pipe.fileHandleForWriting.write(contentsOf: line(0, bytes: smallPipeBytes))
        let queue = queue(pipe, capacity: 2000)
        for number in 0..<200 { queue.append(line(number)) }
        #expect(!queue.flush(by: .now() + .milliseconds(50)))
        // 20 lines wait, and one is being written if the thread was that quick.
        let kept = 200 - queue.dropped
        #expect(kept == 20 || kept == 21)
        let words = try await words(1 + kept + 1, of: pipe)
        #expect(words == ["0"] + (0..<kept).map { "\($0)" } + ["dropped \(200 - kept)"])
        queue.append(line(7777))
        #expect(try await self.words(1, of: pipe) == ["7777"])
        #expect(queue.dropped == 200 - kept)
    }

    @Test func `lines to a person are accepted after a full queue`() async throws {
        let pipe = try smallPipe()
        try pipe.fileHandleForWriting.write(contentsOf: line(0, bytes: smallPipeBytes))
        let queue = queue(pipe, capacity: 200)
        for number in 0..<10 { queue.append(line(number)) }
        queue.append(line(7777), isForPerson: true)
        let kept = 10 - queue.dropped
        #expect(kept == 2 || kept == 3)
        let words = try await words(1 + kept + 2, of: pipe)
        #expect(words.suffix(2) == ["7777", "dropped \(10 - kept)"])
    }

    @Test func `lines that cannot be written are counted, and reported when the next one can be`()
        async throws
    {
        // A write to it fails as on a full disk (full(4)).
        let full = open("/dev/full", O_WRONLY)
        let place = dup(full)
        defer {
            close(full)
            close(place)
        }
        let queue = LineQueue(place)
        queue.tellDropped { Array("dropped \($0)\n".utf8) }
        for number in 0..<3 { queue.append(line(number)) }
        #expect(queue.flush(by: .now() + .seconds(TestSocket.patience)))
        #expect(queue.dropped == 3)
        // The disk has room again.
        let pipe = Pipe()
        dup2(pipe.fileHandleForWriting.fileDescriptor, place)
        queue.append(line(3))
        #expect(try await words(2, of: pipe) == ["3", "dropped 3"])
    }

    @Test func `an output that another process has made one that does not block is waited for`()
        async throws
    {
        let pipe = try smallPipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        #expect(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0)
        let queue = queue(pipe, capacity: 100_000)
        for number in 0..<200 { queue.append(line(number)) }
        #expect(try await words(200, of: pipe) == (0..<200).map { "\($0)" })
        #expect(queue.dropped == 0)
    }

    @Test func `a text longer than the queue is accepted if nothing waits`() async throws {
        let pipe = try smallPipe()
        let queue = queue(pipe, capacity: 100)
        queue.append(line(1, bytes: 50_000))
        #expect(try await words(1, of: pipe) == ["1"])
        #expect(queue.dropped == 0)
    }
}
