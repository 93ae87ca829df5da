import TestSupport
import Testing

/// How much memory a node takes over time.
@Suite struct MemoryTests {
    @Test func `a minute of chat to a thousand clients loses no message and takes no more memory`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let port = node.port
        let process = node.process
        let (early, late, complaints, heard) = try await onThread {
            let checker = try OrderChecker(port: port, count: 1000)
            let sender = try TestWebSocket(port: port)
            try sender.login("Ada")
            var early = 0
            // Ten messages a second for sixty seconds.
            for tick in 1...600 {
                try sender.chat(#""message number \#(tick)""#, as: "Ada")
                checker.listen(milliseconds: 100)
                if tick == 150 { early = try process.residentKiB }
            }
            let late = try process.residentKiB
            // The last messages may still be on their way.
            for _ in 0..<50 where checker.last.contains(where: { $0 < 600 }) {
                checker.listen(milliseconds: 100)
            }
            return (early, late, checker.complaints, Set(checker.last))
        }
        #expect(complaints == [])
        #expect(heard == [600])
        #expect(Double(late) <= 1.05 * Double(early), "\(early) KiB at 15 s, \(late) KiB at 60 s")
    }

    @Test func `clients that never read cost the node nothing`() async throws {
        let node = try await TestNodeProcess.start(["--message-rate", "0", "--byte-rate", "0"])
        let port = node.port
        let process = node.process
        let (before, after) = try await onThread {
            let sender = try TestWebSocket(port: port)
            try sender.login("Ada")
            let value = #""\#(String(repeating: "x", count: 10_000))""#
            func say(_ count: Int) throws {
                for _ in 0..<count {
                    try sender.chat(value, as: "Ada")
                    _ = try sender.hear()
                }
            }
            // Fills the history and the backlog, which are bounded.
            try say(400)
            let deaf = try (0..<50).map { _ in
                try TestWebSocket(port: port, receiveBufferBytes: 4096)
            }
            let before = try process.residentKiB
            // Fifty times two megabytes, if they were kept.
            try say(200)
            let after = try process.residentKiB
            withExtendedLifetime(deaf) {}
            return (before, after)
        }
        #expect(after - before < 10_000, "\(before) KiB before, \(after) KiB after")
    }
}
