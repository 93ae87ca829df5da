import Foundation
import TestSupport
import Testing

/// Data in Redis that another version of the program has written.
@Suite struct DataVersionTests {
    /// A build of an older version of the program, for the test that needs one (CONTRIBUTING.md).
    private static let older = ProcessInfo.processInfo.environment["CHATNODE_OLDER"]

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

    @Test(.enabled(if: older != nil, "CHATNODE_OLDER names no build of an older version"))
    func `a node of an older version leaves to a newer one, which goes on with its data`()
        async throws
    {
        let redis = try await TestRedis.start()
        func start(_ program: String, _ label: String, _ more: String...) throws -> TestProcess {
            let address = "redis://127.0.0.1:\(redis.port)"
            return try TestProcess(
                program,
                ["--port", "0", "--node-id", label, "--redis", address] + more
            )
        }
        let older = try #require(Self.older)
        let old = try start(older, "old", "--new-cluster")
        let ada = try TestNodeProcess(process: old, port: try await TestNodeProcess.port(of: old))
            .connect("Ada")
        for value in 1...3 {
            try ada.chat("\(value)", as: "Ada")
            _ = try ada.hearText { $0.contains(#""value":\#(value),"#) }
        }
        let version = try await redis.cli("HGET", "chat/epoch", "version")
        let new = try start(TestProcess.chatnode, "new")
        let port = try await TestNodeProcess.port(of: new)
        #expect(try ada.hearClose().closeCode == 1012)
        #expect(try await old.exitCode() == 78, "\(old.output)")
        #expect(try await redis.cli("HGET", "chat/epoch", "version") != version)
        // What was said is kept, in its order, and the order goes on.
        let bob = try RoomClient(port: port, name: "Bob")
        try bob.join(history: 10)
        #expect(bob.values == ["1", "2", "3"])
        try bob.say("4", n: 1)
        try bob.hear(upTo: 4)
        #expect(bob.place?.seq == 4)
        // The name of a client of the older node is free when that node counts as dead.
        try await eventually("Ada can log in", within: .seconds(20)) {
            (try? RoomClient(port: port, name: "Ada")) != nil
        }
        // The older version does not come back.
        let again = try start(older, "old")
        #expect(try await again.exitCode() == 78, "\(again.output)")
        #expect(new.isRunning)
    }
}
