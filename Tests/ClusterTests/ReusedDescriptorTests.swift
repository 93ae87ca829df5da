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
}
