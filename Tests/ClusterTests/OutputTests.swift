import Foundation
import Synchronization
import TestSupport
import Testing

/// A node whose log or standard output nobody reads.
@Suite struct OutputTests {
    /// A named pipe that is soon full. The node writes to it; the test has it open, and reads when it
    /// likes.
    private final class Reader: Sendable {
        let path = NSTemporaryDirectory() + "chatnode-pipe-\(UUID())"
        private let descriptor: CInt
        private let text = Mutex("")

        init() throws {
            guard mkfifo(path, 0o600) == 0 else { throw Unexpected("mkfifo: errno \(errno)") }
            descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            try makeSmall(pipe: descriptor)
        }

        deinit {
            close(descriptor)
            unlink(path)
        }

        /// Reads on, as somebody does who looks, until nobody can write any more.
        func readToEnd() throws -> String {
            while true {
                var input = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&input, 1, CInt(TestSocket.patience * 1000)) == 1 else {
                    throw Unexpected("nothing more, and no end, behind: \(read().suffix(500))")
                }
                let text = read()
                if input.revents & Int16(POLLIN) == 0 { return text }
            }
        }

        /// All that it has brought so far, what is there now included.
        func read() -> String {
            var chunk = [UInt8](repeating: 0, count: smallPipeBytes)
            while true {
                let count = Glibc.read(descriptor, &chunk, chunk.count)
                guard count > 0 else { return text.withLock { $0 } }
                text.withLock { $0 += String(decoding: chunk[..<count], as: UTF8.self) }
            }
        }
    }

    /// A node whose standard error output goes there, or its standard output too; its log is as long as
    /// it can be. The port is known beforehand, because nobody may read where it is.
    private func launch(_ reader: Reader, outputToo: Bool = false) async throws -> TestNodeProcess {
        let port = try TestListener.freePort()
        let label = Self.label()
        let redirection = outputToo ? #">"$PIPE" 2>&1"# : #"2>"$PIPE""#
        let process = try TestProcess(
            "/bin/sh",
            [
                "-c", #"exec "$0" "$@" \#(redirection)"#, TestProcess.chatnode, "--port",
                "\(port)", "--node-id", label, "--log-level", "debug", "--log-format", "json",
            ],
            environment: ["PIPE": reader.path]
        )
        let node = TestNodeProcess(process: process, port: port, label: label)
        try await eventually("it answers") {
            try require(process.isRunning, process.output + reader.read())
            return (try? node.status(of: "/healthz")) == 200
        }
        try requireItself(node)
        return node
    }

    /// What no other node is called.
    private static func label() -> String { "n\(UInt32.random(in: 0...UInt32.max))" }

    /// Makes sure that it is this node that answers, and not one that has taken its port first.
    private func requireItself(_ node: TestNodeProcess) throws {
        let somebody = try node.connect()
        try somebody.say(#"{"type":"login","username":"Zoe"}"#)
        let answer = try somebody.hearText { $0.contains(#""type":"log"#) }
        try require(answer.contains(#""node":"\#(node.label)""#), answer)
    }

    private let dropped = "chatnode_log_lines_dropped_total"

    /// Clients come and go, each a line or two of the log, until some of those have been dropped.
    private func fillUp(_ node: TestNodeProcess) async throws {
        try await eventually("lines are dropped") {
            for _ in 0..<100 { _ = try node.connect() }
            return try node.scrape().value(dropped) > 0
        }
    }

    @Test(arguments: [false, true])
    func `a log that nobody reads holds nobody up, and what was dropped is told when it is read`(
        outputToo: Bool
    ) async throws {
        let reader = try Reader()
        let node = try await launch(reader, outputToo: outputToo)
        let ada = try node.connect("Ada")
        let bob = try node.connect("Bob")
        try await fillUp(node)
        #expect(try node.status(of: "/healthz") == 200)
        #expect(try node.status(of: "/readyz") == 200)
        try ada.chat("1", as: "Ada")
        #expect(try bob.hear().contains(#""value":1"#))
        _ = try node.connect("Cyd")
        let told = { () -> Int in
            reader.read().split(separator: "\n").reduce(0) { sum, line in
                guard line.contains("lines of the log were dropped") else { return sum }
                let count = line.firstRange(of: #""lines":"#).map { line[$0.upperBound...] } ?? ""
                return sum + (Int(count.prefix { $0.isNumber }) ?? 0)
            }
        }
        try await eventually("all that was dropped is told") {
            try Double(told()) == node.scrape().value(dropped)
        }
        #expect(
            reader.read().split(separator: "\n").allSatisfy { line in
                !line.hasPrefix("{") || line.hasSuffix("}")
            }
        )
    }

    @Test func `a node whose log nobody reads leaves in good order, and soon`() async throws {
        let reader = try Reader()
        let node = try await launch(reader)
        let ada = try node.connect("Ada")
        try await fillUp(node)
        node.process.signal(SIGTERM)
        #expect(try ada.hearClose().closeCode == 1001)
        ada.socket.close()
        // After `Limits.outputFlush`.
        #expect(try await node.process.exitCode() == 0)
        #expect(node.process.output.contains("stopped: "))
    }

    @Test func `the last words come out where somebody reads`() async throws {
        let reader = try Reader()
        let node = try await launch(reader, outputToo: true)
        try await fillUp(node)
        node.process.signal(SIGTERM)
        let text = try await onThread { try reader.readToEnd() }
        // The two outputs are queues of their own: between them there is no order.
        for words in ["stopped: 0 closed cleanly, 0 forced", "lines of the log were dropped"] {
            #expect(text.contains(words), "\(text.suffix(500))")
        }
    }

    @Test func `the standard descriptors are nobody's socket where they were closed`() async throws
    {
        let port = try TestListener.freePort()
        let label = Self.label()
        let process = try TestProcess(
            "/bin/sh",
            [
                "-c", #"exec "$0" "$@" <&- >&- 2>&-"#, TestProcess.chatnode, "--port", "\(port)",
                "--node-id", label, "--log-level", "debug",
            ]
        )
        let node = TestNodeProcess(process: process, port: port, label: label)
        try await eventually("it answers") {
            try require(process.isRunning, "it has ended: is its port taken?")
            return (try? node.status(of: "/healthz")) == 200
        }
        try requireItself(node)
        for descriptor in 0...2 {
            let place = try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(process.pid)/fd/\(descriptor)"
            )
            #expect(place == "/dev/null")
        }
        // What it says of them goes nowhere else.
        let clients = try (0..<10).map { try node.connect("Ada\($0)") }
        try clients[0].chat("1", as: "Ada0")
        for client in clients { #expect(try client.hear().hasPrefix(#"{"type":"chat""#)) }
    }
}
