import Foundation
import TestSupport
import Testing

/// SIGHUP: from a terminal that is gone, and as a request to read something again.
@Suite struct HangUpSignalTests {
    /// Starts a node without a controlling terminal, whatever the tests have. It is not a child of
    /// this process: its process id is in its output.
    private func startWithoutTerminal(_ flags: [String]) async throws
        -> (node: TestNodeProcess, pid: pid_t)
    {
        let process = try TestProcess(
            "/bin/sh",
            [
                "-c", #"setsid "$0" "$@" & wait"#, TestProcess.chatnode, "--port", "0",
                "--node-id", "n1", "--log-format", "json",
            ] + flags
        )
        let port = try await TestNodeProcess.port(of: process)
        return (TestNodeProcess(process: process, port: port), try Self.pid(in: process.output))
    }

    private static func pid(in output: String) throws -> pid_t {
        guard let range = output.firstRange(of: "  pid "),
            let pid = pid_t(output[range.upperBound...].prefix { $0.isNumber })
        else { throw Unexpected(output) }
        return pid
    }

    @Test func `without a terminal SIGHUP ends nothing`() async throws {
        let (node, pid) = try await startWithoutTerminal([])
        defer { kill(pid, SIGKILL) }
        let ada = try node.connect("Ada")
        kill(pid, SIGHUP)
        try await eventually("it is told") {
            node.process.output.contains(#""message":"reading again","settings":"none""#)
        }
        #expect(try node.status(of: "/readyz") == 200)
        try ada.chat("1", as: "Ada")
        #expect(try ada.hear().contains(#""value":1"#))
        // The signal may come any number of times.
        kill(pid, SIGHUP)
        kill(pid, SIGTERM)
        #expect(try ada.hearClose().closeCode == 1001)
    }

    @Test func `without a terminal the password file is read again`() async throws {
        let redis = try await TestRedis.start(["--requirepass", "first"])
        let path = NSTemporaryDirectory() + "chatnode-password-\(UUID())"
        try "first\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (node, pid) = try await startWithoutTerminal([
            "--redis", "redis://127.0.0.1:\(redis.port)", "--redis-password-file", path,
            "--new-cluster",
        ])
        defer { kill(pid, SIGKILL) }
        try FileManager.default.removeItem(atPath: path)
        kill(pid, SIGHUP)
        try await eventually("it misses it") {
            // The file is read by a thread of its own: either line may come first.
            node.process.output.contains("cannot read the password file; the last password is used")
                && node.process.output.contains(#""settings":"redis-password-file""#)
        }
        try "second\n".write(toFile: path, atomically: true, encoding: .utf8)
        kill(pid, SIGHUP)
        try await eventually("it finds it") {
            node.process.output.contains("the password file is read again")
        }
    }

    @Test func `a password that comes through a pipe is read once`() async throws {
        let redis = try await TestRedis.start(["--requirepass", "first"])
        let path = NSTemporaryDirectory() + "chatnode-password-\(UUID())"
        try require(mkfifo(path, 0o600) == 0, "mkfifo: errno \(errno)")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try TestProcess(
            "/bin/sh",
            ["-c", #"echo first >"$PIPE""#],
            environment: ["PIPE": path]
        )
        let (node, pid) = try await startWithoutTerminal([
            "--redis", "redis://127.0.0.1:\(redis.port)", "--redis-password-file", path,
            "--new-cluster",
        ])
        defer { kill(pid, SIGKILL) }
        #expect(try await writer.exitCode() == 0)
        kill(pid, SIGHUP)
        try await eventually("it is told") {
            node.process.output.contains(#""message":"reading again","settings":"none""#)
        }
        #expect(!node.process.output.contains("cannot read the password file"))
    }

    @Test func `a password that is changed in Redis and in the file needs no restart`() async throws
    {
        let redis = try await TestRedis.start(["--requirepass", "first"])
        let path = NSTemporaryDirectory() + "chatnode-password-\(UUID())"
        try "\u{FEFF}first\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let node = try await TestNodeProcess.start([
            "--redis", "redis://127.0.0.1:\(redis.port)", "--redis-password-file", path,
            "--new-cluster",
        ])
        let ada = try node.connect("Ada")
        try "\u{FEFF}second\n".write(toFile: path, atomically: true, encoding: .utf8)
        try await redis.cli("-a", "first", "CONFIG", "SET", "requirepass", "second")
        for type in ["normal", "pubsub"] {
            try await redis.cli("-a", "second", "CLIENT", "KILL", "TYPE", type)
        }
        try await eventually("all its connections are new, and up") {
            let text = try node.scrape()
            return try text.sum("chatnode_redis_reconnects_total") >= 3
                && text.value("chatnode_redis_up") == 1
        }
        try ada.chat("1", as: "Ada")
        #expect(try ada.hearText { $0.contains(#""type":"chat""#) }.contains(#""value":1"#))
        #expect(!node.process.output.contains("does not accept the user or the password"))
    }

    /// A script that makes a pseudo-terminal whose session a node leads, until SIGUSR1; then it
    /// reports the node's end.
    private static let terminal = """
        import os, pty, signal, sys
        class Gone(Exception): pass
        def gone(number, frame): raise Gone
        signal.signal(signal.SIGUSR1, gone)
        pid, terminal = pty.fork()
        if pid == 0:
            if sys.argv[1] == "nohup": signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.execv(sys.argv[2], sys.argv[2:])
        try:
            while True:
                # As bytes: a read may end within a line's end, or within a character.
                sys.stdout.buffer.write(os.read(terminal, 4096).replace(b"\\r", b""))
                sys.stdout.buffer.flush()
        except (Gone, OSError):
            os.close(terminal)
        print("exit code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        """

    private func startOnTerminal(_ how: String) async throws
        -> (node: TestNodeProcess, pid: pid_t)
    {
        let process = try TestProcess(
            "/usr/bin/python3",
            [
                "-c", Self.terminal, how, TestProcess.chatnode, "--port", "0", "--node-id", "n1",
            ]
        )
        let port = try await TestNodeProcess.port(of: process)
        return (TestNodeProcess(process: process, port: port), try Self.pid(in: process.output))
    }

    /// Returns whether a process ignores SIGHUP: the lowest bit of a hexadecimal mask (proc(5)).
    private static func ignoresHangUp(_ pid: pid_t) throws -> Bool {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
        guard let digit = line?.last?.hexDigitValue else { throw Unexpected(status) }
        return digit & 1 == 1
    }

    @Test func `when a node's terminal goes, its clients leave in good order`() async throws {
        let (node, pid) = try await startOnTerminal("plain")
        defer { kill(pid, SIGKILL) }
        #expect(try !Self.ignoresHangUp(pid))
        let ada = try node.connect("Ada")
        node.process.signal(SIGUSR1)
        // The kernel sends the signal, and a shell would, too.
        kill(pid, SIGHUP)
        kill(pid, SIGHUP)
        #expect(try ada.hearClose().closeCode == 1001)
        ada.socket.close()
        _ = try await node.process.exitCode()
        #expect(node.process.output.hasSuffix("exit code 0\n"))
    }

    @Test func `under nohup the end of the terminal means nothing`() async throws {
        let (node, pid) = try await startOnTerminal("nohup")
        defer { kill(pid, SIGKILL) }
        // The kernel drops an ignored signal: nothing can come of it later.
        #expect(try Self.ignoresHangUp(pid))
        let ada = try node.connect("Ada")
        node.process.signal(SIGUSR1)
        kill(pid, SIGHUP)
        try ada.chat("1", as: "Ada")
        #expect(try ada.hear().contains(#""value":1"#))
        #expect(try node.status(of: "/readyz") == 200)
        kill(pid, SIGTERM)
        #expect(try ada.hearClose().closeCode == 1001)
    }
}
