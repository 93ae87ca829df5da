import Foundation
import TestSupport
import Testing

/// Thousands of clients vanish at once, because a balancer or a network fails.
@Suite struct ChurnTests {
    /// How many clients vanish: many times what a loop tears down in one batch.
    private let count = 1500
    /// How long a client that stays may wait, as a share of the work that the vanished ones cause:
    /// until their ends are noted. If it waited until all are torn down, the share would be 1.
    ///
    /// Measured: 0.31 to 0.43. The bound is above that, and half of the share without service in
    /// between.
    private let share = 0.5
    /// The test's own thread may be delayed between an answer and its look at the node's processor
    /// time.
    private let attempts = 3

    @Test func `a client that stays does not wait until all that vanished are torn down`()
        async throws
    {
        let node = try await TestNodeProcess.start(["--loops", "1"])
        let (count, share, attempts) = (count, share, attempts)
        let shares = try await onThread {
            let ada = try node.connect("Ada")
            var shares: [Double] = []
            while shares.count < attempts, (shares.min() ?? 1) > share {
                let others = "guest\(shares.count)-"
                shares.append(try Self.shareOfWork(before: ada, of: count, others, node))
            }
            return shares
        }
        #expect(
            shares.contains { $0 <= share },
            "of the work, before a ping was answered: \(shares)"
        )
    }

    /// Returns the share of the work for the vanished clients that is done before one that stays is
    /// answered.
    private static func shareOfWork(
        before ada: TestWebSocket,
        of count: Int,
        _ prefix: String,
        _ node: TestNodeProcess
    ) throws -> Double {
        let alone = try descriptors(of: node)
        var others = try (0..<count).map { try node.connect("\(prefix)\($0)") }
        // While the node is stopped, all of them leave; only then is the ping sent.
        node.process.stop()
        others.removeAll()
        try ada.send(frame: 9, [7])
        let before = try node.process.processorTime
        node.process.signal(SIGCONT)
        _ = try ada.hearFrame()
        let answered = try node.process.processorTime
        try timeUntil("all sockets are closed") { try descriptors(of: node) <= alone }
        let done = try node.process.processorTime
        return (answered - before) / (done - before)
    }

    /// Returns how many descriptors a node has open; the look takes none of its own processor time.
    private static func descriptors(of node: TestNodeProcess) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(node.process.pid)/fd").count
    }
}
