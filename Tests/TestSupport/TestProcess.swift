import Foundation

/// A program that a test runs: its own process, its output collected, ended with the test.
public final class TestProcess: Sendable {
    private let process = Process()
    /// Where its output goes: a file, because a pipe does not end as long as any other child that
    /// was started at the same moment has inherited it.
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
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(atPath: log)
    }

    /// All that has been printed so far.
    public var output: String {
        (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    }
    /// The process's number.
    public var pid: Int32 { process.processIdentifier }
    /// It has not ended.
    public var isRunning: Bool { process.isRunning }

    /// Sends a signal.
    public func signal(_ number: CInt) {
        kill(process.processIdentifier, number)
    }

    /// Waits for the end. The answer is the exit code; for one ended by a signal, 128 and that.
    public func exitCode() async throws -> Int {
        try await eventually("the end of process \(pid)") { !process.isRunning }
        let status = Int(process.terminationStatus)
        return process.terminationReason == .uncaughtSignal ? 128 + status : status
    }

    /// Time on a processor so far, of all threads, as the kernel counts it (proc(5), schedstat).
    public var processorTime: Duration {
        get throws {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            let nanoseconds = threads.compactMap { thread -> Int? in
                let path = "/proc/\(pid)/task/\(thread)/schedstat"
                let text = try? String(contentsOfFile: path, encoding: .utf8)
                return text?.split(separator: " ").first.flatMap { Int($0) }
            }
            return .nanoseconds(nanoseconds.reduce(0, +))
        }
    }

    /// Resident memory in kibibytes, as the kernel counts it.
    public var residentKiB: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            guard let line, let value = Int(line.filter(\.isNumber)) else {
                throw Unexpected("no VmRSS for process \(pid)")
            }
            return value
        }
    }
}

/// A node in a process of its own.
public struct TestNodeProcess {
    /// Where it runs.
    public let process: TestProcess
    /// Where its clients connect.
    public let port: Int

    /// Starts one on a free port and waits until it is ready.
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

    /// Waits until a node's process is ready. The answer is where its clients connect.
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
