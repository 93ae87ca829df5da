import TestSupport
import Testing

/// What a node takes of the machine over time.
@Suite struct MemoryTests {
    @Test func `a minute of chat to a thousand clients loses nothing and grows nothing`()
        async throws
    {
        let node = try await TestNodeProcess.start()
        let port = node.port
        let process = node.process
        let (early, late, complaints, heard) = try await onThread {
            let crowd = try Crowd(port: port, count: 1000)
            let sender = try TestWebSocket(port: port)
            try sender.login("Ada")
            var early = 0
            // Ten messages a second for sixty seconds.
            for tick in 1...600 {
                try sender.chat(#""message number \#(tick)""#, as: "Ada")
                crowd.listen(milliseconds: 100)
                if tick == 150 { early = try process.residentKiB }
            }
            let late = try process.residentKiB
            // What was sent last may still be on its way.
            for _ in 0..<50 where crowd.last.contains(where: { $0 < 600 }) {
                crowd.listen(milliseconds: 100)
            }
            return (early, late, crowd.complaints, Set(crowd.last))
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
            // Fifty times two megabytes, were they to be kept.
            try say(200)
            let after = try process.residentKiB
            withExtendedLifetime(deaf) {}
            return (before, after)
        }
        #expect(after - before < 10_000, "\(before) KiB before, \(after) KiB after")
    }
}
