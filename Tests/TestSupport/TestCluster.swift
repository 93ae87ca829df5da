import Foundation

/// A cluster of a test's own: a redis-server and nodes in processes of theirs, ended with the test.
public final class TestCluster {
    /// What all nodes share.
    public let redis: TestRedis
    /// In order; a node that was restarted has taken its place.
    public private(set) var nodes: [TestNodeProcess]
    private let flags: [String]
    private let environment: [String: String]

    /// Starts Redis and so many nodes, and waits until all are ready.
    public static func start(
        nodes count: Int = 3,
        redis options: [String] = [],
        flags: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> TestCluster {
        let redis = try await TestRedis.start(options)
        let cluster = TestCluster(redis: redis, flags: flags, environment: environment)
        // All at once: who comes first begins the data.
        let processes = try (0..<count).map { try cluster.launch($0, isFirst: true) }
        for (index, process) in processes.enumerated() {
            let port = try await TestNodeProcess.port(of: process)
            cluster.nodes.append(
                TestNodeProcess(process: process, port: port, label: "n\(index + 1)")
            )
        }
        return cluster
    }

    private init(redis: TestRedis, flags: [String], environment: [String: String]) {
        self.redis = redis
        self.flags = flags
        self.environment = environment
        nodes = []
    }

    /// A thread that has just ended may still hold them, and the tests' process may be about to end.
    deinit {
        for node in nodes { node.process.signal(SIGKILL) }
    }

    /// As `deploy/up` starts one: only the first start of a node may say that nobody is to be
    /// waited for.
    private func launch(_ index: Int, isFirst: Bool, port: Int = 0) throws -> TestProcess {
        try TestProcess(
            TestProcess.chatnode,
            [
                "--port", "\(port)", "--node-id", "n\(index + 1)", "--redis",
                "redis://127.0.0.1:\(redis.port)",
            ] + (isFirst ? ["--new-cluster"] : []) + flags,
            environment: environment
        )
    }

    /// Ends a node with no time to do anything, and waits until it is gone.
    public func kill(_ index: Int) async throws {
        nodes[index].process.signal(SIGKILL)
        _ = try await nodes[index].process.exitCode()
    }

    /// Starts a node anew in the place of one that has ended, on its port, and waits until it is
    /// ready.
    public func restart(_ index: Int) async throws {
        let old = nodes[index]
        let process = try launch(index, isFirst: false, port: old.port)
        let port = try await TestNodeProcess.port(of: process)
        nodes[index] = TestNodeProcess(process: process, port: port, label: old.label)
    }

    /// A client of one node; logged in, if there is a name.
    public func connect(to index: Int, _ name: String? = nil) throws -> TestWebSocket {
        try nodes[index].connect(name)
    }
}
