import Foundation
import Synchronization
import TestSupport
import Testing

/// A node whose log or standard output is not read.
@Suite struct OutputTests {
    /// A named pipe that is soon full. The node writes to it; the test has it open, and reads when
    /// it wants to.
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

        /// Lets the pipe hold a fifth of what the node keeps for it.
        func enlarge() throws { try setCapacity(of: descriptor, to: 64 * 1024) }

        /// Reads on, as a person who looks does, until no process has it open for writing.
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

        /// Returns everything that came so far, with what the pipe holds now.
        func read() -> String {
            var chunk = [UInt8](repeating: 0, count: smallPipeBytes)
            while true {
                let count = Glibc.read(descriptor, &chunk, chunk.count)
                guard count > 0 else { return text.withLock { $0 } }
                text.withLock { $0 += String(decoding: chunk[..<count], as: UTF8.self) }
            }
        }
    }

    /// Starts a node whose standard error output goes to the pipe, and perhaps its standard output
    /// too; its log is as verbose as possible. The port is chosen beforehand, because the node's
    /// announcement of it may not be read.
    private func launch(_ reader: Reader, outputToo: Bool = false) async throws -> TestNodeProcess {
        let port = try ReservedPort(in: ReservedPort.nodes)
        let label = Self.label()
        let redirection = outputToo ? #">"$PIPE" 2>&1"# : #"2>"$PIPE""#
        let process = try TestProcess(
            "/bin/sh",
            [
                "-c", #"exec "$0" "$@" \#(redirection)"#, TestProcess.chatnode, "--port",
                "\(port.number)", "--node-id", label, "--log-level", "debug", "--log-format",
                "json",
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

    /// Returns a label that no other node has.
    private static func label() -> String { "n\(UInt32.random(in: 0...UInt32.max))" }

    /// Checks that this node answers, and not one that has taken its port first.
    private func requireItself(_ node: TestNodeProcess) throws {
        let somebody = try node.connect()
        try somebody.say(#"{"type":"login","username":"Zoe"}"#)
        let answer = try somebody.hearText { $0.contains(#""type":"log"#) }
        try require(answer.contains(#""node":"\#(node.label)""#), answer)
    }

    private let dropped = "chatnode_log_lines_dropped_total"

    /// Connects and closes clients, each a line or two of the log, until some lines have been
    /// dropped.
    private func fillUp(_ node: TestNodeProcess) async throws {
        try await eventually("lines are dropped") {
            for _ in 0..<100 { _ = try node.connect() }
            return try node.scrape().value(dropped) > 0
        }
    }

    @Test(arguments: [false, true])
    func `an unread log delays no client, and dropped lines are reported when it is read`(
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

    @Test func `a node whose log is not read leaves in good order, and soon`() async throws {
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

    @Test func `the last lines come out if a reader takes them`() async throws {
        let reader = try Reader()
        let node = try await launch(reader, outputToo: true)
        try await fillUp(node)
        try await eventually("all clients are gone") {
            try node.scrape().sum("chatnode_connections") == 0
        }
        // The node waits for `Limits.outputFlush` in all: on a busy machine its reader is not there for each
        // page of the pipe in time.
        try reader.enlarge()
        node.process.signal(SIGTERM)
        let text = try await onThread { try reader.readToEnd() }
        // The two outputs have queues of their own: between them there is no order.
        for words in ["stopped: 0 closed cleanly, 0 forced", "lines of the log were dropped"] {
            #expect(text.contains(words), "\(text.suffix(500))")
        }
    }

    @Test func `the standard descriptors become no client's socket if they were closed`()
        async throws
    {
        let port = try ReservedPort(in: ReservedPort.nodes)
        let label = Self.label()
        let process = try TestProcess(
            "/bin/sh",
            [
                "-c", #"exec "$0" "$@" <&- >&- 2>&-"#, TestProcess.chatnode, "--port",
                "\(port.number)",
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
        // What the node logs about them reaches no socket.
        let clients = try (0..<10).map { try node.connect("Ada\($0)") }
        try clients[0].chat("1", as: "Ada0")
        for client in clients { #expect(try client.hear().hasPrefix(#"{"type":"chat""#)) }
    }
}
