import Foundation

/// A redis-server of a test's own, ended with the test, its folder with it.
public final class TestRedis {
    /// Where it listens, on 127.0.0.1; the same after a restart.
    public let port: Int
    /// What it keeps on disk, if it keeps anything.
    public let folder = NSTemporaryDirectory() + "chatnode-redis-\(UUID())"
    private let options: [String]
    /// Its present process.
    public private(set) var process: TestProcess

    /// Where Debian puts it.
    public static let program = "/usr/bin/redis-server"

    /// Starts one that keeps nothing on disk, with more options as on its command line, such as
    /// `["--requirepass", "secret"]`, and waits until it answers.
    public static func start(_ options: [String] = []) async throws -> TestRedis {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw Unexpected("there is no \(program): apt-get install redis-server")
        }
        // Below the ports that the kernel gives to connections (net.ipv4.ip_local_port_range), so
        // that none takes it during a restart; another test may have taken it, so again.
        for _ in 0..<10 {
            let redis = try TestRedis(options, port: Int.random(in: 20_000..<32_000))
            if try await redis.isUp() { return redis }
        }
        throw Unexpected("no free port for redis-server")
    }

    private init(_ options: [String], port: Int) throws {
        self.port = port
        self.options = options
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        process = try Self.launch(options, port: port, folder: folder)
    }

    deinit {
        process.signal(SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func launch(
        _ options: [String],
        port: Int,
        folder: String
    ) throws -> TestProcess {
        try TestProcess(
            program,
            [
                "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                "--appendonly", "no",
            ] + options
        )
    }

    /// Waits until it answers; false where its port is somebody else's.
    private func isUp() async throws -> Bool {
        var isTaken = false
        try await eventually("redis-server on port \(port) answers") {
            guard process.isRunning else {
                isTaken = process.output.contains("Address already in use")
                guard isTaken else { throw Unexpected(process.output) }
                return true
            }
            // Not before: another test's server may answer there.
            guard process.output.contains("Ready to accept connections") else { return false }
            let answer = try ping()
            return answer.hasPrefix("+PONG") || answer.hasPrefix("-NOAUTH")
        }
        return !isTaken
    }

    private func ping() throws -> String {
        let socket = try TestSocket(port: port)
        try socket.send("PING\r\n")
        return try socket.read(through: "\r\n")
    }

    /// Of its present process.
    public var pid: Int32 { process.pid }

    /// Asks it something as a person would type it; the answer is as `redis-cli` prints it.
    @discardableResult
    public func cli(_ arguments: String...) async throws -> String {
        let cli = try TestProcess("/usr/bin/redis-cli", ["-p", "\(port)"] + arguments)
        _ = try await cli.exitCode()
        return cli.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Ends it with no time to do anything, and waits until it is gone.
    public func kill() async throws {
        process.signal(SIGKILL)
        _ = try await process.exitCode()
    }

    /// Ends it, if it still runs, and starts it again in the same place, until it answers; empty means
    /// without what it had on disk.
    public func restart(empty: Bool = false) async throws {
        try await startAgain(empty: empty)
        guard try await isUp() else { throw Unexpected("port \(port) was taken in between") }
    }

    /// The same without waiting for it to answer.
    public func startAgain(empty: Bool = false) async throws {
        if process.isRunning { try await kill() }
        if empty {
            try FileManager.default.removeItem(atPath: folder)
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
        }
        process = try Self.launch(options, port: port, folder: folder)
    }

    /// From now on it cannot write a snapshot: a folder stands in its place.
    public func breakSnapshots() throws {
        let place = folder + "/dump.rdb/in-the-way"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    }

    /// The folder is gone again.
    public func mendSnapshots() throws {
        try FileManager.default.removeItem(atPath: folder + "/dump.rdb")
    }

    /// Publishes bytes as they are, which `redis-cli` could not be given.
    public func publish(_ payload: [UInt8], on channel: String = "chat") throws {
        let socket = try TestSocket(port: port)
        let head = "*3\r\n$7\r\nPUBLISH\r\n$\(channel.utf8.count)\r\n\(channel)\r\n"
        try socket.send(Array("\(head)$\(payload.count)\r\n".utf8) + payload + Array("\r\n".utf8))
        let answer = try socket.read(through: "\r\n")
        guard answer.hasPrefix(":") else { throw Unexpected(answer) }
    }

    /// It takes connections and bytes as before, and does nothing.
    public func pause() { process.stop() }

    /// It goes on.
    public func resume() { process.signal(SIGCONT) }
}
