import TestSupport
import Testing

/// Data in Redis that a newer version of the program has written.
@Suite struct DataVersionTests {
    /// Writes what `openepoch.lua` of a newer version leaves: a new epoch, so that every call is
    /// refused. In one step, or a heartbeat in between would take the new epoch for one of its own
    /// version.
    private func write(_ version: Int, _ cluster: TestCluster) async throws {
        let script = """
            redis.call('HINCRBY', KEYS[1], 'epoch', 1)
            redis.call('HSET', KEYS[1], 'version', ARGV[1])
            """
        try await cluster.redis.cli("EVAL", script, "1", "chat/epoch", "\(version)")
    }

    @Test func `a node that serves lets its clients leave for a newer one, and does not come back`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 1)
        let ada = try cluster.connect(to: 0, "Ada")
        try await write(8, cluster)
        // At the next heartbeat, a second later at most (`Limits.renewInterval`).
        #expect(try ada.hearClose().closeCode == 1012)
        let process = cluster.nodes[0].process
        #expect(try await process.exitCode() == 78)
        #expect(process.output.contains("the form of another version of this program (number 8)"))
        let epoch = try await cluster.redis.cli("HGET", "chat/epoch", "version")
        #expect(epoch == "8")
    }

    @Test func `a node does not start on data of a newer one`() async throws {
        let redis = try await TestRedis.start()
        try await redis.cli("HSET", "chat/epoch", "version", "8", "epoch", "1", "dataset", "x")
        let node = try TestProcess(
            TestProcess.chatnode,
            ["--port", "0", "--redis", "redis://127.0.0.1:\(redis.port)"]
        )
        #expect(try await node.exitCode() == 78)
        #expect(node.output.contains("number 8"))
        #expect(!node.output.contains("again to leave now"))
    }
}
