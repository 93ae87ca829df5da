import Glibc
import TestSupport
import Testing

/// A descriptor's number is somebody else's as soon as it is closed.
@Suite struct ReusedDescriptorTests {
    /// Long enough for several thousand connections of a debug build on two cores that are idle, and
    /// for a thousand on two that have fifteen other processes to run.
    private let duration = Duration.seconds(12)
    /// A third of that on the latter: below it, the test has tested nothing.
    private let fewest = 300

    @Test func `no byte reaches whoever has the descriptor next, however clients vanish`()
        async throws
    {
        // More loops than cores: one loop's newcomer gets the number that another has just closed.
        let node = try await TestNodeProcess.start(
            ["--loops", "4", "--message-rate", "0", "--byte-rate", "0"]
        )
        let port = node.port
        let duration = duration
        let (tally, complaints) = try await onThread {
            let swarm = try Swarm(port: port)
            try swarm.run(for: duration)
            try swarm.settle()
            return (swarm.tally, swarm.complaints)
        }
        #expect(complaints == [], "seed \(Seed.value)")
        #expect(node.process.isRunning, "\(node.process.output)")
        #expect(tally.upgraded > fewest && tally.words > fewest && tally.cut > 0, "\(tally)")
    }

    /// Redis stands still for most of the time, never for as long as a call may take
    /// (`Limits.redisCommandTimeout`): names that are asked for or given up are answered long after
    /// their clients have gone and others have their descriptors. Pings are due sooner than that.
    @Test
    func `no byte does while sessions outlive their sockets behind a Redis that stands still`()
        async throws
    {
        // Again where the machine stands still for longer than Redis does.
        for isLast in [false, false, true] {
            do {
                return try await outliveSockets()
            } catch let stalled as Swarm.Stalled {
                if isLast { throw stalled }
            }
        }
    }

    private func outliveSockets() async throws {
        let cluster = try await TestCluster.start(
            nodes: 1,
            flags: [
                "--loops", "4", "--message-rate", "0", "--byte-rate", "0", "--ping-interval",
                "400ms", "--pong-timeout", "390ms",
            ]
        )
        let redis = cluster.redis.process
        let (tally, stops, complaints) = try await cluster.onThread { nodes in
            // Few, so that no turn of the swarm is long.
            let swarm = try Swarm(port: nodes[0].port, size: 60)
            let stops = try Self.run(swarm, for: .seconds(6), stopping: redis)
            try swarm.settle()
            return (swarm.tally, stops, swarm.complaints)
        }
        #expect(complaints == [], "seed \(Seed.value)")
        #expect(cluster.nodes[0].process.isRunning, "\(cluster.nodes[0].process.output)")
        #expect(stops > 1 && tally.upgraded > 50 && tally.loggedIn > 0, "\(stops) \(tally)")
    }

    /// The answer is how often Redis was stopped.
    private static func run(
        _ swarm: Swarm,
        for duration: Duration,
        stopping redis: TestProcess
    ) throws -> Int {
        var stops = 0
        var stoppedAt: Int?
        var waited: [Int] = []
        defer { redis.signal(SIGCONT) }
        try swarm.run(for: duration) { elapsed in
            if let began = stoppedAt, elapsed - began >= 700 {
                redis.signal(SIGCONT)
                stoppedAt = nil
                // None of it has to wait for a second time. All that waits is answered by then.
                waited = swarm.said.map { $0 + 5 }
            } else if stoppedAt == nil, swarm.hasHeard(waited) {
                redis.stop()
                stoppedAt = elapsed
                stops += 1
            }
        }
        return stops
    }
}
