import Foundation

/// A cluster of a test's own: a redis-server and nodes in processes of their own, ended with the
/// test.
public final class TestCluster {
    /// The Redis that all nodes share.
    public let redis: TestRedis
    /// The proxy through which they reach it, if there is one.
    public let proxy: TestProxy?
    /// The nodes, in order; a restarted node takes the place of its old process.
    public private(set) var nodes: [TestNodeProcess]
    private let flags: [String]
    private let environment: [String: String]
    /// The ports of the nodes. The kernel gives them to no connection, so that a node that is started again
    /// finds its port free.
    private var ports: [ReservedPort]

    /// Starts Redis and `count` nodes, with a proxy between if wanted, and waits until all are ready.
    public static func start(
        nodes count: Int = 3,
        redis options: [String] = [],
        flags: [String] = [],
        environment: [String: String] = [:],
        hasProxy: Bool = false
    ) async throws -> TestCluster {
        let redis = try await TestRedis.start(options)
        let cluster = TestCluster(
            redis: redis,
            proxy: hasProxy ? try TestProxy(to: redis.port) : nil,
            flags: flags,
            environment: environment,
            ports: try (0..<count).map { _ in try ReservedPort(in: ReservedPort.nodes) }
        )
        // All are started at once: the first to reach Redis begins the data.
        let processes = try (0..<count).map { try cluster.launch($0, isFirst: true) }
        for (index, process) in processes.enumerated() {
            cluster.nodes.append(try await cluster.waitForStart(of: index, process))
        }
        return cluster
    }

    private init(
        redis: TestRedis,
        proxy: TestProxy?,
        flags: [String],
        environment: [String: String],
        ports: [ReservedPort]
    ) {
        self.redis = redis
        self.proxy = proxy
        self.flags = flags
        self.environment = environment
        self.ports = ports
        nodes = []
    }

    /// Kills the nodes. A thread that has just ended may still hold the processes, and the tests'
    /// own process may be about to end.
    deinit {
        for node in nodes { node.process.signal(SIGKILL) }
        proxy?.close()
    }

    /// Launches a node as `deploy/up` does: only the first start of a node may say that there is no
    /// other node to wait for.
    private func launch(_ index: Int, isFirst: Bool) throws -> TestProcess {
        try TestProcess(
            TestProcess.chatnode,
            [
                "--port", "\(ports[index].number)", "--node-id", "n\(index + 1)", "--redis",
                "redis://127.0.0.1:\(proxy?.port ?? redis.port)",
            ] + (isFirst ? ["--new-cluster"] : []) + flags,
            environment: environment
        )
    }

    /// Waits until a node is ready that was launched for the first time. Tries other ports if a program that
    /// is no test has its port.
    private func waitForStart(of index: Int, _ process: TestProcess) async throws -> TestNodeProcess
    {
        var process = process
        for _ in 0..<10 {
            do {
                let port = try await TestNodeProcess.port(of: process)
                return TestNodeProcess(process: process, port: port, label: "n\(index + 1)")
            } catch {
                guard process.output.contains("another process already") else { throw error }
                ports[index] = try ReservedPort(in: ReservedPort.nodes)
                process = try launch(index, isFirst: true)
            }
        }
        throw Unexpected("no free port for a node")
    }

    /// Kills a node without warning, and waits until it is gone.
    public func kill(_ index: Int) async throws {
        nodes[index].process.signal(SIGKILL)
        _ = try await nodes[index].process.exitCode()
    }

    /// Starts a node again in the place of one that has ended, on its port, and waits until it is
    /// ready.
    public func restart(_ index: Int) async throws {
        let old = nodes[index]
        let process = try launch(index, isFirst: false)
        let port = try await TestNodeProcess.port(of: process)
        nodes[index] = TestNodeProcess(process: process, port: port, label: old.label)
    }

    /// Connects a client to one node, and logs it in if a name is given.
    public func connect(to index: Int, _ name: String? = nil) throws -> TestWebSocket {
        try nodes[index].connect(name)
    }
}
