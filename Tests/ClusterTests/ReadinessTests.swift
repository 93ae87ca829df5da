import TestSupport
import Testing

/// What a balancer is told about a node without Redis.
@Suite struct ReadinessTests {
    @Test func `a node stays ready for ten seconds without Redis, then not, and comes back`()
        async throws
    {
        let clock = ContinuousClock()
        let cluster = try await TestCluster.start(nodes: 1)
        let node = cluster.nodes[0]
        let fleet = try ClientFleet(of: 1, at: [node.port])
        try await fleet.loginAll()
        try await cluster.redis.kill()
        let gone = clock.now
        try await eventually("it is not ready any more") {
            #expect(try node.status(of: "/healthz") == 200)
            let asked = clock.now
            let answer = try node.get("/readyz")
            if answer.hasPrefix("HTTP/1.1 200 ") {
                // `Limits.readyWithoutRedis` is 10 s, and one to notice that Redis is gone; three for a busy
                // machine.
                #expect(asked - gone < .seconds(14))
                return false
            }
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            let seconds = answer.firstRange(of: "without Redis for ").flatMap {
                Int(answer[$0.upperBound...].prefix { $0 != " " })
            }
            #expect(try #require(seconds) >= 10)
            return true
        }
        try await cluster.redis.restart(empty: true)
        try await eventually("it is ready again") {
            #expect(try node.status(of: "/healthz") == 200)
            return try node.status(of: "/readyz") == 200
        }
        fleet.talk([0])
        try await eventually("its client chats") { !fleet.words { $0 == .heard }.isEmpty }
        #expect(fleet.ended == [])
    }
}
