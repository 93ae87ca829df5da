import ChatCore
import Glibc
import TestSupport
import Testing

extension Faults {
    /// A Redis that is stopped for longer than a lease, which takes no name from a living client.
    @Suite struct RedisPauseTests {
        @Test func `a name outlives ten seconds without Redis, and no other client gets it`()
            async throws
        {
            let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
            let redis = cluster.redis.process
            let took = try await cluster.onThread { nodes in
                let clock = ContinuousClock()
                let ada = try nodes[0].connect("Ada")
                let others = try Conversation(on: nodes[1...])
                try others.goOn()
                redis.stop()
                let stoppedAt = clock.now
                // It is on its way: its fate is unknown until Redis answers.
                try ada.chat(#""perhaps""#, as: "Ada")
                let zoe = try nodes[0].connect()
                try require(zoe.attempt("Zoe") == "unavailable", "a login without a Redis")
                let noticed = clock.now - stoppedAt
                try require(
                    // As long as a login waits for another connection, and as a loop may be late on a busy
                    // machine: long before Redis goes on.
                    noticed < Limits.claimPatience + Limits.wheelTick + .seconds(3),
                    "told after \(noticed)"
                )
                try require(!ada.isHeard(saying: "late", as: "Ada"), "heard without a Redis")
                try timeUntil("ten seconds are over", within: .seconds(11)) {
                    clock.now - stoppedAt >= .seconds(10)
                }
                redis.signal(SIGCONT)
                // The longest wait before an attempt, and the longest such attempt for each of two
                // connections that follow each other.
                let longest =
                    Limits.redisBackoffLast
                    + (Limits.redisConnectTimeout + Limits.redisCommandTimeout) * 2
                let took = try timeUntil("Ada is heard again", within: longest) {
                    try ada.isHeard(saying: "back", as: "Ada")
                }
                // Once or not at all, and the same for every client.
                let heard = try others.hear(until: "\"back\"")
                let count = heard.filter { $0.contains("\"perhaps\"") }.count
                try require(
                    [0, 2].contains(count) && !heard.contains { $0.contains("\"late\"") },
                    "\(heard)"
                )
                let rival = try nodes[1].connect()
                var outcome: String?
                try timeUntil("a rival is told") {
                    outcome = try rival.attempt("Ada")
                    return outcome != "unavailable"
                }
                try require(outcome == "taken", "a rival was told \(outcome ?? "granted")")
                // Their nodes may be connected again later than Ada's.
                try others.recover(within: longest)
                try others.goOn()
                return took
            }
            print("after ten seconds without Redis, a holder was heard after \(took)")
        }
    }
}
