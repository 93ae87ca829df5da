import Foundation
import TestSupport
import Testing

/// What an operator is told about an unusable Redis; and that nothing needs to be restarted after
/// it is repaired.
@Suite struct RedisTroubleTests {
    private func begin(
        before port: Int,
        _ environment: [String: String] = [:]
    ) async throws -> TestNodeProcess {
        try await .begin(["--redis", "redis://127.0.0.1:\(port)"], environment: environment)
    }

    /// Waits until the fault is reported on the standard error output, and by readiness. A fault
    /// that passes by itself may have passed before readiness is checked.
    private func expectTold(
        _ node: TestNodeProcess,
        _ cause: String,
        _ fix: String,
        isLasting: Bool = true
    ) async throws {
        let words = "\(cause); trying again\n  fix: "
        try await eventually("it says: \(cause)") { node.process.output.contains(words) }
        let line = node.process.output.firstRange(of: words).map {
            node.process.output[$0.upperBound...].prefix { $0 != "\n" }
        }
        #expect(line?.contains(fix) == true, "\(node.process.output)")
        #expect(node.process.output.hasPrefix("error: "))
        #expect(try node.status(of: "/healthz") == 200)
        guard isLasting else { return }
        #expect(try node.status(of: "/readyz") == 503)
        #expect(!node.process.output.contains("ready in"))
    }

    private func expectReady(_ node: TestNodeProcess) async throws {
        try await eventually("it is ready") { try node.status(of: "/readyz") == 200 }
        let client = try TestWebSocket(port: node.port)
        try client.login("Ada")
        try client.chat("1", as: "Ada")
        #expect(try client.hear().contains(#""value":1"#))
    }

    @Test(arguments: RedisFaultCase.allCases)
    func `a node that starts with a faulty Redis says so, waits, and is ready once it is repaired`(
        fault: RedisFaultCase
    ) async throws {
        let redis = try await TestRedis.start(fault.options)
        try await fault.begin(redis)
        let node = try await begin(before: redis.port, fault.environment)
        try await expectTold(node, fault.cause, fault.fix)
        try await fault.end(redis)
        try await expectReady(node)
    }

    @Test(arguments: RedisFaultCase.allCases)
    func `a Redis fault while a node runs is logged with its fix, and passes by itself`(
        fault: RedisFaultCase
    ) async throws {
        let cluster = try await TestCluster.start(
            nodes: 1,
            redis: fault.options,
            flags: ["--log-format", "json"],
            environment: fault.environment
        )
        let output = { cluster.nodes[0].process.output }
        let fleet = try ClientFleet(of: 2, at: [cluster.nodes[0].port], pause: .milliseconds(100))
        try await fleet.loginAll()
        fleet.talk([0])
        try await eventually("they chat") { fleet[0].words.count > 3 }
        try await fault.begin(cluster.redis)
        // The fate of a message that was on its way is known only when Redis is back.
        fleet.talk([1])
        try await eventually("a message is refused") {
            fleet.words { $0 != .open && $0 != .heard }.isEmpty == false
        }
        let refused = fleet.words { $0 != .open && $0 != .heard }
        #expect("\(refused)".contains("unavailable"))
        #expect("\(refused)".contains("retry_ms"))
        try await eventually("it is logged") { output().contains(fault.cause) }
        let lines = output().split(separator: "\n").filter { $0.contains(fault.cause) }
        try #require(lines.count == 1, "\(lines)")
        #expect(lines[0].contains(#""level":"error""#))
        #expect(lines[0].contains(#""fix":""#))
        #expect(lines[0].contains(fault.fix))
        try await fault.end(cluster.redis)
        let mended = ContinuousClock.now
        try await eventually("they chat again") {
            fleet[0].words.contains { $0.fate == .heard && $0.saidAt > mended }
        }
        try await eventually("it is logged") { output().contains("Redis is there") }
        try await fleet.hush()
        try await fleet.settle()
        #expect(fleet.ended == [])
        #expect(fleet.doubles == [])
    }

    @Test func `a web server in Redis's place is reported with its answer`() async throws {
        // A node answers a request that is not HTTP as any web server does.
        let server = try await TestNodeProcess.begin([])
        let port = server.port
        let node = try await begin(before: port)
        try await expectTold(
            node,
            "what answers at 127.0.0.1:\(port) is not Redis: it said “HTTP/1.1 400 Bad Request”",
            "--redis redis://host:port with the place of a Redis"
        )
        server.process.signal(SIGKILL)
        _ = try await server.process.exitCode()
        let redis = try TestProcess(
            TestRedis.program,
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", ""]
        )
        try await expectReady(node)
        withExtendedLifetime(redis) {}
    }

    /// Makes a key take 2 ms to load, and makes Redis serve commands once a kibibyte while it
    /// loads: six seconds for the data of the test. Both are hidden settings of Redis 7 for its own
    /// tests.
    private static let slowLoading = [
        "--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024",
    ]

    private func fill(_ redis: TestRedis) async throws {
        let script = "for i = 1, 3000 do redis.call('SET', i, string.rep('x', 100)) end"
        try await redis.cli("EVAL", script, "0")
        try await redis.cli("SAVE")
    }

    @Test func `a Redis that loads its data is waited for`() async throws {
        let redis = try await TestRedis.start(Self.slowLoading)
        try await fill(redis)
        try await redis.startAgain()
        let node = try await begin(before: redis.port)
        let fix = "INFO persistence says how far it is"
        try await expectTold(node, "is loading its data", fix, isLasting: false)
        try await expectReady(node)
    }

    @Test func `a Redis that comes back and loads its data is waited for, and that is logged`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 1, redis: Self.slowLoading)
        let fleet = try ClientFleet(of: 1, at: [cluster.nodes[0].port])
        try await fleet.loginAll()
        try await fill(cluster.redis)
        try await cluster.redis.startAgain()
        let process = cluster.nodes[0].process
        try await eventually("it is logged") { process.output.contains("is loading its data") }
        try await eventually("it is there again") { process.output.contains("Redis is there") }
        #expect(process.output.contains("INFO persistence says how far it is"))
        fleet.talk([0])
        try await eventually("its client chats") { !fleet.words { $0 == .heard }.isEmpty }
        #expect(fleet.ended == [])
    }
}
