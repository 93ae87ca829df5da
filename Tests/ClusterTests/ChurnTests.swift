import Foundation
import TestSupport
import Testing

/// Thousands vanish at once: a balancer ends, or a network does.
@Suite struct ChurnTests {
    /// How many vanish: many times what a loop sees off in one stretch.
    private let count = 1500
    /// What somebody who stays may wait for, as a share of the work that those who are gone make: until
    /// they are noted. Waiting until all are closed and forgotten, it is 1.
    ///
    /// Measured: 0.31 to 0.43. The bound is above that, and half of what it is where nobody is served in
    /// between.
    private let share = 0.5
    /// Our own thread may be held up between an answer and the look at the node's processor time.
    private let attempts = 3

    @Test func `who stays does not wait until all who have vanished are seen off`() async throws {
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

    /// How much of the work with those who have vanished is done before one who stays is answered.
    private static func shareOfWork(
        before ada: TestWebSocket,
        of count: Int,
        _ prefix: String,
        _ node: TestNodeProcess
    ) throws -> Double {
        let alone = try descriptors(of: node)
        var others = try (0..<count).map { try node.connect("\(prefix)\($0)") }
        // While the node stands still, all of them go; only then is it asked.
        node.process.signal(SIGSTOP)
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

    /// How many it has open; asking takes nothing of its own time.
    private static func descriptors(of node: TestNodeProcess) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(node.process.pid)/fd").count
    }
}
