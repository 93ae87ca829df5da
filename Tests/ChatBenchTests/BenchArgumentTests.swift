import ArgumentParser
import Testing

@testable import ChatBench

/// The arguments that the load generators refuse before they begin.
@Suite struct BenchArgumentTests {
    private static let huge = "4611686018427387904"
    private static let wrong: [[String]] = [
        ["fanout", "--recipients", "0"], ["fanout", "--recipients=-1"],
        ["fanout", "--recipients", huge, "--senders", "2"],
        ["fanout", "--recipients", "10000000", "--senders", "10000000"],
        ["fanout", "--senders", "0"], ["fanout", "--in-flight", "0"],
        ["fanout", "--in-flight", huge], ["fanout", "--size", "33"], ["fanout", "--size", huge],
        ["fanout", "--rate", "0.0000000001"], ["fanout", "--rate", "100000000"],
        ["fanout", "--rate", "0"], ["fanout", "--duration", "2562047h"],
        ["fanout", "--min-rate", String(repeating: "9", count: 400)],
        ["fanout", "--rate", "1", "--in-flight", "1"],
        ["churn", "--steady", "0"], ["churn", "--steady", huge],
        ["churn", "--concurrency", huge], ["churn", "--churn-rate", "0.0000000001"],
        ["churn", "--rate", "0.0000000001"],
        ["connect", "--clients", "0"], ["connect", "--clients", "9223372036854775807"],
        ["connect", "--rate", "0.0000000001"], ["connect", "--loops", "0"],
        ["idle", "--clients", "9223372036854775807"], ["idle", "--clients=-5"],
        ["idle", "--concurrency", "0"], ["fanout", "--duration", "0s"],
        ["churn", "--duration", "0s"], ["connect", "--source", "nowhere"],
    ]

    @Test(arguments: wrong)
    func `arguments out of bounds are refused with 64`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Bench.parseAsRoot(arguments) }
        #expect(error.map { Bench.exitCode(for: $0) } == .validationFailure)
    }

    @Test(arguments: [
        ["fanout", "--recipients", "1"], ["fanout", "--rate", "0.001"],
        ["fanout", "--recipients", "15000", "--senders", "15000"],
        ["churn", "--steady", "1", "--max-failed", "3"], ["connect", "--clients", "10000000"],
    ])
    func `arguments at the bounds are accepted`(arguments: [String]) throws {
        _ = try Bench.parseAsRoot(arguments)
    }
}
