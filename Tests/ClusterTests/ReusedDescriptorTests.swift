import Glibc
import TestSupport
import Testing

/// The number of a closed descriptor is given to the next connection at once.
@Suite struct ReusedDescriptorTests {
    /// Long enough for several thousand connections of a debug build on two idle cores, and for a
    /// thousand on two that have fifteen other processes to run.
    private let duration = Duration.seconds(12)
    /// A third of the latter number: with fewer connections, the test has tested nothing.
    private let fewest = 300

    @Test func `no byte reaches the next client on a descriptor, however clients vanish`()
        async throws
    {
        // More loops than cores: a new connection of one loop gets the number that another loop has
        // just closed.
        let node = try await TestNodeProcess.start(
            ["--loops", "4", "--message-rate", "0", "--byte-rate", "0"]
        )
        let port = node.port
        let duration = duration
        let (tally, complaints) = try await onThread {
            let churn = try ConnectionChurn(port: port)
            try churn.run(for: duration)
            try churn.settle()
            return (churn.tally, churn.complaints)
        }
        #expect(complaints == [], "seed \(Seed.value)")
        #expect(node.process.isRunning, "\(node.process.output)")
        #expect(tally.upgraded > fewest && tally.words > fewest && tally.cut > 0, "\(tally)")
    }

    /// Redis is stopped for most of the time, but never for as long as a call may take
    /// (`Limits.redisCommandTimeout`): names that are claimed or given up are answered long after
    /// their clients have gone and others have their descriptors. Pings are due sooner than that.
    @Test func `no byte reaches the next client while sessions outlive their sockets`()
        async throws
    {
        // Repeated if the machine stands still for longer than Redis does.
        for isLast in [false, false, true] {
            do {
                return try await outliveSockets()
            } catch let stalled as ConnectionChurn.Stalled {
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
            // Few connections, so that no turn of the churn is long.
            let churn = try ConnectionChurn(port: nodes[0].port, size: 60)
            let stops = try Self.run(churn, for: .seconds(6), stopping: redis)
            try churn.settle()
            return (churn.tally, stops, churn.complaints)
        }
        #expect(complaints == [], "seed \(Seed.value)")
        #expect(cluster.nodes[0].process.isRunning, "\(cluster.nodes[0].process.output)")
        #expect(stops > 1 && tally.upgraded > 50 && tally.loggedIn > 0, "\(stops) \(tally)")
    }

    /// Runs the churn, and returns how often Redis was stopped.
    private static func run(
        _ churn: ConnectionChurn,
        for duration: Duration,
        stopping redis: TestProcess
    ) throws -> Int {
        var stops = 0
        var stoppedAt: Int?
        var waited: [Int] = []
        defer { redis.signal(SIGCONT) }
        try churn.run(for: duration) { elapsed in
            if let began = stoppedAt, elapsed - began >= 700 {
                redis.signal(SIGCONT)
                stoppedAt = nil
                // No word has to wait for a second stop: all that wait are answered before it.
                waited = churn.said.map { $0 + 5 }
            } else if stoppedAt == nil, churn.hasHeard(waited) {
                redis.stop()
                stoppedAt = elapsed
                stops += 1
            }
        }
        return stops
    }
}
