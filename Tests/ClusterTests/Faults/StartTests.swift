import ChatCore
import TestSupport
import Testing

extension Faults {
    /// A node's start while Redis is missing, or another node has the same label.
    @Suite struct StartTests {
        private func launch(_ label: String, _ redis: TestRedis, port: Int = 0) throws
            -> TestProcess
        {
            try TestProcess(
                TestProcess.chatnode,
                [
                    "--port", "\(port)", "--node-id", label, "--redis",
                    "redis://127.0.0.1:\(redis.port)",
                ]
            )
        }

        @Test func `two living nodes under one label are warned of each other`() async throws {
            let cluster = try await TestCluster.start(nodes: 1)
            let twin = try launch("n1", cluster.redis)
            _ = try await TestNodeProcess.port(of: twin)
            try await eventually("a warning", within: Limits.renewInterval * 5) {
                [cluster.nodes[0].process, twin].contains {
                    $0.output.contains("another living node has this one's label")
                }
            }
            withExtendedLifetime(cluster) {}
        }

        @Test func `a node without Redis says what is wrong, waits, and is ready when it comes`()
            async throws
        {
            let redis = try await TestRedis.start()
            try await redis.kill()
            let port = try ReservedPort(in: ReservedPort.nodes)
            let process = try launch("n1", redis, port: port.number)
            let node = TestNodeProcess(process: process, port: port)
            try await eventually("it listens and complains") {
                try require(process.isRunning, process.output)
                return process.output.contains("trying again")
                    && (try? TestSocket(port: port.number)) != nil
            }
            let output = process.output
            #expect(
                output.contains(
                    "error: cannot reach Redis at 127.0.0.1:\(redis.port) (connection refused)"
                )
            )
            #expect(output.contains("  fix: redis-server --daemonize yes"))
            #expect(try node.get("/healthz").hasPrefix("HTTP/1.1 200 "))
            let waiting = try node.get("/readyz")
            #expect(waiting.hasPrefix("HTTP/1.1 503 "))
            #expect(waiting.contains("waiting for Redis"))
            #expect(try node.connect().attempt("Ada") == "unavailable")

            try await redis.restart()
            // The node was not told that there are no others to wait for. A wait before an attempt,
            // the attempts of the connections one after the other, and a grace.
            try await eventually(
                "it is ready",
                within: Limits.redisBackoffLast + Limits.redisConnectTimeout * 3 + Limits.grace
            ) {
                try node.get("/readyz").hasPrefix("HTTP/1.1 200 ")
            }
            let ada = try node.connect("Ada")
            #expect(try ada.isHeard(saying: "hello", as: "Ada"))
        }
    }
}
