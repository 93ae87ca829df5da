import Foundation
import Synchronization

/// A program that a test runs: its own process, its output collected, ended with the test.
public final class TestProcess: Sendable {
    private let process = Process()
    /// The file that gets its output. A pipe would not end as long as any other child that was
    /// started at the same moment has inherited it.
    private let log = NSTemporaryDirectory() + "chatnode-test-\(UUID()).log"

    /// The program under test, built beside the tests; `CHATNODE` names another.
    public static var chatnode: String {
        get throws {
            if let path = ProcessInfo.processInfo.environment["CHATNODE"] { return path }
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/chatnode"
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw Unexpected("there is no \(path): swift build makes it")
            }
            return path
        }
    }

    /// Starts a program; its standard output and error are one text.
    public init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws {
        guard FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forWritingAtPath: log)
        else { throw Unexpected("cannot write \(log)") }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["XDG_RUNTIME_DIR": Self.runtimeFolder]) { $1 }
            .merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        process.terminationHandler = { ended in
            Self.running.withLock { _ = $0.remove(ended.processIdentifier) }
        }
        try process.run()
        // The program has a descriptor of its own; this one would stay as long as Foundation keeps the process,
        // and with 1,000 of them Foundation starts no further process without a crash.
        try? output.close()
        Self.running.withLock { _ = $0.insert(process.processIdentifier) }
        // It may have ended before it was put there; its process id may be another program's by now.
        if !process.isRunning {
            Self.running.withLock { _ = $0.remove(process.processIdentifier) }
        }
        _ = Self.killsTheRest
    }

    /// Starts a program that ends with another process, however that ends: one that is killed does nothing for
    /// those that it has started.
    public convenience init(
        _ path: String,
        _ arguments: [String],
        endingWith other: Int32
    ) throws {
        // A process that has ended has no program any more, also before its parent has taken note of its end.
        let isThere = ["\(other)", "$$"].map { "[ -e /proc/\($0)/exe ]" }.joined(separator: " && ")
        let watch = "while \(isThere); do sleep 1; done; kill -KILL $$"
        // Foundation hands down a mask of signals that keeps SIGTERM from a program.
        let command = #"(\#(watch)) >/dev/null 2>&1 & exec "$0" "$@""#
        try self.init("/bin/sh", ["-c", command, path] + arguments)
    }

    /// The processes that were started here and not released yet.
    private static let running = Mutex<Set<Int32>>([])
    /// Kills the processes that are still running when the tests end, kept by a thread or a cycle
    /// of references.
    private static let killsTheRest: Void = {
        atexit {
            TestProcess.running.withLock { for pid in $0 { kill(pid, SIGKILL) } }
            try? FileManager.default.removeItem(atPath: TestProcess.runtimeFolder)
        }
    }()

    /// The folder for the sockets of all these processes: one that is killed leaves its own.
    public static let runtimeFolder: String = {
        let path = "/tmp/chatnode-test-\(ProcessInfo.processInfo.processIdentifier)"
        try? FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        return path
    }()

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(atPath: log)
    }

    /// Everything that the process has printed so far.
    public var output: String {
        (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    }
    /// The process id.
    public var pid: Int32 { process.processIdentifier }
    /// Whether it has not ended.
    public var isRunning: Bool { process.isRunning }

    /// Stops the process until SIGCONT. Returns when all of its threads have stopped: the signal
    /// may come while a thread still reads what is sent to it.
    public func stop() {
        signal(SIGSTOP)
        let deadline = ContinuousClock.now + .seconds(TestSocket.patience)
        while !isStopped, ContinuousClock.now < deadline { sched_yield() }
    }

    /// Whether every thread has stopped, by its state (proc(5): T).
    private var isStopped: Bool {
        let tasks = "/proc/\(pid)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return threads.allSatisfy { thread in
            let stat = try? String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8)
            return stat?.split(separator: ")").last?.hasPrefix(" T") ?? true
        }
    }

    /// Sends a signal, unless the process is known to have ended: its process id may be another program's then.
    public func signal(_ number: CInt) {
        guard process.isRunning else { return }
        kill(process.processIdentifier, number)
    }

    /// Waits for the end, and returns the exit code; for a process ended by a signal, 128 plus its
    /// number.
    public func exitCode() async throws -> Int {
        // Asked once: a moment after the kernel has told the end, Foundation takes it away there, and does
        // not tell it yet itself.
        var code: Int?
        try await eventually("the end of process \(pid)") {
            code = endCode
            return code != nil
        }
        guard let code else { throw Unexpected("process \(pid) has no exit code") }
        return code
    }

    /// The exit code, if the process has ended.
    ///
    /// Foundation notices the end by a socket, which any other child that was started at the same moment
    /// has inherited: it may notice it only when that child has ended too. The kernel knows it at once.
    private var endCode: Int? {
        guard process.isRunning else {
            let status = Int(process.terminationStatus)
            return process.terminationReason == .uncaughtSignal ? 128 + status : status
        }
        var info = siginfo_t()
        let found = waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT)
        guard found == 0, info._sifields._sigchld.si_pid == pid else { return nil }
        let status = Int(info._sifields._sigchld.si_status)
        return info.si_code == CInt(CLD_EXITED) ? status : 128 + status
    }
}

/// A node in a process of its own.
public struct TestNodeProcess: Sendable {
    /// The process in which it runs.
    public let process: TestProcess
    /// The port for its clients.
    public let port: Int
    /// The node's name.
    public var label = "n1"
    /// Keeps the port from other tests, if it was chosen beforehand.
    private var reserved: ReservedPort?

    /// Makes a node of a process that was started, whether it is ready or not.
    public init(process: TestProcess, port: Int, label: String = "n1") {
        self.process = process
        self.port = port
        self.label = label
    }

    /// Makes a node of a process that was started on a reserved port.
    public init(process: TestProcess, port reserved: ReservedPort, label: String = "n1") {
        self.init(process: process, port: reserved.number, label: label)
        self.reserved = reserved
    }

    /// Starts a node on a free port and waits until it is ready.
    public static func start(
        _ flags: [String] = [],
        port: Int = 0
    ) async throws -> TestNodeProcess {
        let process = try TestProcess(
            TestProcess.chatnode,
            ["--port", "\(port)", "--node-id", "n1"] + flags
        )
        return TestNodeProcess(process: process, port: try await self.port(of: process))
    }

    /// The end of what it has printed, under its name.
    var lastLines: String {
        (["\(label) on port \(port):"] + process.output.split(separator: "\n").suffix(20))
            .joined(separator: "\n    ")
    }

    /// The path of its operators' socket, unless a flag says otherwise.
    public var adminSocket: String {
        "\(TestProcess.runtimeFolder)/chatnode-\(geteuid())/127.0.0.1-\(port).sock"
    }

    /// Returns its metrics as text.
    public func metrics() throws -> String {
        let socket = try TestSocket(path: adminSocket)
        try socket.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = String(decoding: try socket.readToEnd(), as: UTF8.self)
        guard answer.hasPrefix("HTTP/1.1 200 "), let end = answer.firstRange(of: "\r\n\r\n") else {
            throw Unexpected(answer)
        }
        return String(answer[end.upperBound...])
    }

    /// Returns its metrics, parsed strictly.
    public func scrape() throws -> PrometheusText {
        try PrometheusText(parsing: metrics())
    }

    /// Connects a client, and logs it in if a name is given.
    public func connect(_ name: String? = nil) throws -> TestWebSocket {
        let client = try TestWebSocket(port: port)
        if let name { try client.login(name) }
        return client
    }

    /// Returns its answer at a path, head included.
    public func get(_ path: String) throws -> String {
        let socket = try TestSocket(port: port)
        try socket.send("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return String(decoding: try socket.readToEnd(), as: UTF8.self)
    }

    /// Starts a node that need not become ready, and waits until it answers at all.
    public static func begin(
        _ flags: [String],
        environment: [String: String] = [:]
    ) async throws -> TestNodeProcess {
        // Another program may have taken the port, so several are tried.
        for _ in 0..<10 {
            let port = try ReservedPort(in: ReservedPort.nodes)
            let process = try TestProcess(
                TestProcess.chatnode,
                ["--port", "\(port.number)", "--node-id", "n1"] + flags,
                environment: environment
            )
            let node = TestNodeProcess(process: process, port: port)
            try await eventually("the node answers") {
                !process.isRunning || (try? node.status(of: "/healthz")) == 200
            }
            if process.isRunning { return node }
            guard process.output.contains("another process already") else {
                throw Unexpected(process.output)
            }
        }
        throw Unexpected("no free port for a node")
    }

    /// Returns the status of its answer at a path.
    public func status(of path: String) throws -> Int {
        let answer = try get(path)
        guard let status = Int(answer.dropFirst(9).prefix(3)) else { throw Unexpected(answer) }
        return status
    }

    /// Waits until a node's process is ready, and returns the port for its clients.
    public static func port(of process: TestProcess) async throws -> Int {
        try await eventually("the node says that it is ready") {
            guard process.isRunning else { throw Unexpected(process.output) }
            return process.output.contains("ready in ")
        }
        let line = process.output.split(separator: "\n").first { $0.contains("  page  ") }
        guard let line, let port = Int(line.split(separator: ":").last?.dropLast() ?? "") else {
            throw Unexpected("no address in: \(process.output)")
        }
        return port
    }
}
