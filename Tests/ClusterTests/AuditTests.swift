import TestSupport
import Testing

/// Names that Redis holds for a node and that no session of the node knows.
@Suite struct AuditTests {
    /// More than two pages, whichever way Redis counts them (`Limits.auditNames`).
    private let ghosts = 2500

    @Test func `names that no session knows are freed, however many`() async throws {
        let cluster = try await TestCluster.start(nodes: 1)
        let redis = cluster.redis
        let ada = try cluster.connect(to: 0, "Ada")
        let held = try await redis.cli("KEYS", "*held/*")
        #expect(try await redis.cli("HKEYS", held) == "ada")
        let fill = """
            for i = 1, \(ghosts) do redis.call('HSET', KEYS[1], 'ghost' .. i, 'x') end
            """
        try await redis.cli("EVAL", fill, "1", held)
        #expect(try await redis.cli("HLEN", held) == "\(ghosts + 1)")
        // A node audits whenever it is told its registration again.
        try await redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try await eventually("the ghosts are gone") {
            try await redis.cli("HLEN", held) == "1"
        }
        #expect(try await redis.cli("HKEYS", held) == "ada")
        try ada.chat("1", as: "Ada")
        #expect(try ada.hearText { $0.contains(#""chat""#) }.contains(#""username":"Ada""#))
    }
}
