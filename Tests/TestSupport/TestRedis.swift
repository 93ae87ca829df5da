import Foundation

/// A redis-server of a test's own, ended with the test, and its folder removed.
public final class TestRedis {
    /// The port on which it listens, on 127.0.0.1; the same after a restart.
    public var port: Int { reserved.number }
    private let reserved: ReservedPort
    /// The folder of its files, if it keeps any.
    public let folder = NSTemporaryDirectory() + "chatnode-redis-\(UUID())"
    private let options: [String]
    /// Its present process.
    public private(set) var process: TestProcess

    /// The path at which Debian installs it.
    public static let program = "/usr/bin/redis-server"

    /// Starts a server that keeps nothing on disk, with more options as on its command line, such
    /// as `["--requirepass", "secret"]`, and waits until it answers.
    public static func start(_ options: [String] = []) async throws -> TestRedis {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw Unexpected("there is no \(program): apt-get install redis-server")
        }
        // Below the ports that the kernel gives to connections (net.ipv4.ip_local_port_range), so
        // that none takes the port during a restart. Tries again if a program that is no test has
        // the port.
        for _ in 0..<10 {
            let redis = try TestRedis(options, on: ReservedPort(in: ReservedPort.redis))
            if try await redis.isUp() { return redis }
        }
        throw Unexpected("no free port for redis-server")
    }

    private init(_ options: [String], on reserved: ReservedPort) throws {
        self.reserved = reserved
        self.options = options
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        process = try Self.launch(options, port: reserved.number, folder: folder)
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

    /// Waits until it answers; returns false if another server has its port.
    private func isUp() async throws -> Bool {
        var isTaken = false
        try await eventually("redis-server on port \(port) answers") {
            guard process.isRunning else {
                isTaken = process.output.contains("Address already in use")
                guard isTaken else { throw Unexpected(process.output) }
                return true
            }
            // Not asked before that: another test's server may answer on this port.
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

    /// Starts a replica of it, and waits until that has its data.
    public func startReplica() async throws -> TestRedis {
        let replica = try await TestRedis.start(["--replicaof", "127.0.0.1 \(port)"])
        try await eventually("the replica has the data") {
            try await replica.cli("INFO", "replication").contains("master_link_status:up")
        }
        return replica
    }

    /// The id of its present process.
    public var pid: Int32 { process.pid }

    /// Runs a command, and returns its answer as `redis-cli` prints it.
    @discardableResult
    public func cli(_ arguments: String...) async throws -> String {
        let cli = try TestProcess("/usr/bin/redis-cli", ["-p", "\(port)"] + arguments)
        _ = try await cli.exitCode()
        return cli.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Kills it without warning, and waits until it is gone.
    public func kill() async throws {
        process.signal(SIGKILL)
        _ = try await process.exitCode()
    }

    /// Kills it, if it still runs, starts it again on the same port, and waits until it answers;
    /// `empty` removes what it had on disk.
    public func restart(empty: Bool = false) async throws {
        try await startAgain(empty: empty)
        guard try await isUp() else { throw Unexpected("port \(port) was taken in between") }
    }

    /// Does the same as `restart` without waiting for an answer.
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

    /// Prevents snapshots from now on: a folder takes the place of the file.
    public func breakSnapshots() throws {
        let place = folder + "/dump.rdb/in-the-way"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    }

    /// Removes that folder.
    public func mendSnapshots() throws {
        try FileManager.default.removeItem(atPath: folder + "/dump.rdb")
    }

    /// Publishes bytes unchanged, which `redis-cli` could not be given.
    public func publish(_ payload: [UInt8], on channel: String = "chat") throws {
        let socket = try TestSocket(port: port)
        let head = "*3\r\n$7\r\nPUBLISH\r\n$\(channel.utf8.count)\r\n\(channel)\r\n"
        try socket.send(Array("\(head)$\(payload.count)\r\n".utf8) + payload + Array("\r\n".utf8))
        let answer = try socket.read(through: "\r\n")
        guard answer.hasPrefix(":") else { throw Unexpected(answer) }
    }

    /// Stops it: it accepts connections and bytes as before, and does nothing.
    public func pause() { process.stop() }

    /// Continues it.
    public func resume() { process.signal(SIGCONT) }
}
