import Foundation
import TestSupport
import Testing

@testable import ChatCore

/// The same seed is the same run in every process. Swift salts its hashes for each of them, so what
/// depends on the order of a `Set` or a `Dictionary` differs.
@Suite struct ReplayTests {
    /// So few take some seconds; they are others each time. With tables as orders, each of eight
    /// seeds parted.
    private static let seeds = 4

    /// Runs all seeds in a process of their own. The answer is a line for each: the process's salt, as
    /// it shows in a hash, and the digests.
    private func runs() async throws -> [[String]] {
        let result = await #expect(
            processExitsWith: .success,
            observing: [\.standardOutputContent]
        ) { [first = Seed.value as UInt64] in
            print("trace", "salt".hashValue)
            for run in 0..<ReplayTests.seeds {
                let simulation = Simulation(
                    seed: first &+ UInt64(run),
                    kind: Simulation.Kind.allCases[run % Simulation.Kind.allCases.count]
                )
                print(
                    "trace",
                    simulation.traced().map { String($0, radix: 16) }.joined(separator: " ")
                )
            }
        }
        let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        return output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            .filter { $0.first == "trace" }.map { Array($0.dropFirst()) }
    }

    @Test func `a seed is the same run in two processes`() async throws {
        let (one, other) = try await (runs(), runs())
        try #require(one.count == Self.seeds + 1 && other.count == Self.seeds + 1)
        // Else they would agree whatever they did: SWIFT_DETERMINISTIC_HASHING is set.
        try #require(one[0] != other[0], "both processes have the same salt")
        for run in 0..<Self.seeds where one[run + 1] != other[run + 1] {
            let second = zip(one[run + 1], other[run + 1]).prefix { $0 == $1 }.count
            let seed = Seed.value &+ UInt64(run)
            Issue.record("seed \(seed) parts in second \(second); \(Seed.command("ReplayTests"))")
        }
    }
}
