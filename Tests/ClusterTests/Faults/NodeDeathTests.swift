import ChatCore
import Glibc
import TestSupport
import Testing

extension Faults {
    /// A node that is gone from one moment to the next.
    @Suite struct NodeDeathTests {
        @Test func `a killed node's names are free within a lease and two seconds`() async throws {
            // The others count the lease anew if they or Redis stand still meanwhile.
            let took = try await inOneOfThreeTries(timeUntilFree)
            print("a killed node's name was free after \(took)")
        }

        private func timeUntilFree(_ disturbances: Disturbances) async throws -> Duration {
            let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
            disturbances.watch(cluster.redis)
            // The one that is killed, too: if it stands still before, its last heartbeat is old.
            disturbances.watch(cluster.nodes)
            return try await cluster.onThread { nodes in
                let ada = try nodes[0].connect("Ada")
                let others = try Conversation(on: nodes[1...])
                try others.goOn()
                let heir = try nodes[1].connect()
                nodes[0].process.signal(SIGKILL)
                let took = try others.goOnUntilFree("Ada", for: heir)
                try require(
                    heir.isHeard(saying: "it is me", as: "Ada"),
                    "the new holder is not heard"
                )
                withExtendedLifetime(ada) {}
                // Its last heartbeat came up to an interval before its end, or two on a busy machine.
                // Any sooner, it might have been alive with a valid lease.
                try require(took > Limits.lease - Limits.renewInterval * 2, "free after \(took)")
                return took
            }
        }

        @Test func `a node that comes back waits for no other node, and its clients chat`()
            async throws
        {
            let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
            try await cluster.kill(0)
            let clock = ContinuousClock()
            let began = clock.now
            try await cluster.restart(0)
            let took = clock.now - began
            print("a restarted node was ready after \(took)")
            // If it had waited for others, it would have waited a grace; or for what is left of its lease.
            #expect(took < Limits.lease - Limits.renewInterval * 2)
            try await cluster.onThread { nodes in
                let all = try Conversation(on: nodes)
                for _ in 0..<10 { try all.goOn() }
            }
        }
    }
}
