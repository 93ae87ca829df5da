import ArgumentParser
import ChatCore
import Foundation
import Testing

@testable import ChatBench

/// What a run reports, and how it ends.
@Suite struct ReportTests {
    private func limits(_ arguments: [String]) throws -> BenchLimits {
        try BenchFanOut.parse(arguments).limits
    }

    /// Returns an outcome of 100 messages in 10 s, each 1 ms to 100 ms on its way.
    private func outcome(
        lost: Int = 0,
        gone: Int = 0,
        measured: Bool = true
    ) -> Scenario.Outcome {
        var counts = Traffic.Counts(sent: [100])
        if measured {
            for milliseconds in 1...100 { counts.latency.record(.milliseconds(milliseconds)) }
            (counts.deliveries, counts.deliveriesMeasured) = (100, 100)
            (counts.complete, counts.completeMeasured, counts.sentMeasured) = (100, 100, 100)
        }
        let sample = Sample(at: Instant(nanoseconds: 0), loops: [], server: nil, deliveries: 0)
        return Scenario.Outcome(
            counts: counts,
            faults: Faults(lost: lost),
            usage: Usage(from: sample, to: sample),
            gone: gone,
            intended: 100,
            measuredSeconds: measured ? 10 : 0
        )
    }

    private func exitCode(_ arguments: [String], _ outcome: Scenario.Outcome) throws -> Int32 {
        var report = Report(bench: "fanout", "")
        report.add(outcome, recipients: 2, isVerifying: arguments.contains("--verify"))
        try limits(arguments).check(outcome, &report)
        return report.exitCode
    }

    private static let cases: [(arguments: [String], code: Int32)] = [
        (["--max-p99", "100ms", "--max-lost", "3"], 0),
        (["--max-p99", "98ms", "--max-lost", "3"], 2), (["--min-rate", "10"], 0),
        (["--min-rate", "10.1"], 2), (["--max-lost", "3"], 0), (["--max-lost", "2"], 2),
        ([], 0), (["--verify"], 1), (["--verify", "--max-lost", "2"], 1),
    ]

    @Test(arguments: cases)
    func `a threshold that is missed has its own exit code`(
        arguments: [String],
        code: Int32
    ) throws {
        #expect(try exitCode(arguments, outcome(lost: 3)) == code)
    }

    @Test func `a message without its ack, an ack too many or a wrong room is not verified`() throws
    {
        var outcome = outcome()
        outcome.isAcknowledged = true
        #expect(try exitCode(["--verify"], outcome) == 0)
        for (faults, key) in [
            (Faults(unacknowledged: 1), "unacknowledged"), (Faults(undueAcks: 1), "undue_acks"),
            (Faults(astray: 1), "astray"),
        ] {
            outcome.faults = faults
            #expect(try exitCode(["--verify"], outcome) == 1, "\(key)")
            var report = Report(bench: "fanout", "")
            report.add(outcome, recipients: 2, isVerifying: false)
            #expect(report.json.contains("\"\(key)\":1"))
            #expect(report.json.contains(#""correct":false"#))
        }
    }

    @Test func `a latency threshold is missed if some messages have no latency`() throws {
        #expect(try exitCode(["--max-p99", "100ms"], outcome()) == 0)
        #expect(try exitCode(["--max-p99", "100ms"], outcome(lost: 1)) == 2)
        #expect(try exitCode(["--max-p99", "100ms"], outcome(gone: 1)) == 2)
        #expect(try exitCode(["--max-p99", "100ms", "--max-lost", "9"], outcome(gone: 1)) == 2)
        #expect(try exitCode([], outcome(gone: 1)) == 0)
        #expect(try exitCode([], outcome(gone: 2)) == 69)
    }

    private static let entries: [(Int, failed: Int, maxFailed: Int?, isStopped: Bool, Int32)] = [
        (9, 0, nil, false, 0), (9, 1, nil, false, 69), (9, 1, 1, false, 0), (9, 2, 1, false, 2),
        (0, 0, nil, false, 69), (0, 9, 9, false, 69), (0, 0, nil, true, 0),
    ]

    @Test(arguments: entries)
    func `clients that could not log in have the exit code that the help says`(
        arrived: Int,
        failed: Int,
        maxFailed: Int?,
        isStopped: Bool,
        code: Int32
    ) {
        var report = Report(bench: "churn", "")
        report.checkEntries(arrived, failed: failed, maxFailed, isStopped: isStopped)
        #expect(report.exitCode == code)
    }

    @Test func `a threshold is missed if nothing was measured`() throws {
        let nothing = outcome(measured: false)
        #expect(try exitCode(["--max-p99", "1s"], nothing) == 2)
        #expect(try exitCode(["--min-rate", "1"], nothing) == 2)
        #expect(try exitCode(["--verify"], nothing) == 1)
    }

    @Test func `a refusal goes before everything else, and says what to do`() throws {
        var refused = outcome(lost: 3)
        refused.counts.refused = ["rate_limited": 1]
        var report = Report(bench: "fanout", "")
        report.add(refused, recipients: 1, isVerifying: true)
        #expect(report.exitCode == 77)
        #expect(report.complaints.first?.contains("--message-rate 0") == true)
    }

    @Test func `an end on request is reported if nothing is wrong`() {
        var report = Report(bench: "fanout", "")
        report.isInterrupted = true
        #expect(report.exitCode == 130)
        report.fail(.thresholdMissed, "x")
        #expect(report.exitCode == 2)
    }

    @Test func `a loop that has no time left is reported, in words and for programs`() throws {
        func usage(_ ran: Int) -> Usage {
            let loops = { (ran: Int) -> [ProcessorTime] in
                var time = ProcessorTime()
                time.ran = ran
                return [ProcessorTime(), time]
            }
            let from = Sample(
                at: Instant(nanoseconds: 0),
                loops: loops(0),
                server: nil,
                deliveries: 0
            )
            let end = Instant(nanoseconds: 1_000_000_000)
            return Usage(
                from: from,
                to: Sample(at: end, loops: loops(ran), server: nil, deliveries: 1000)
            )
        }
        var report = Report(bench: "fanout", "")
        report.addUsage(usage(910_000_000), each: "delivery", 1000)
        #expect(report.text.contains("the generator was the bottleneck"))
        #expect(report.json.contains(#""generator_saturated":true"#))
        #expect(report.json.contains(#""generator_us_per_delivery":910"#))
        var easy = Report(bench: "fanout", "")
        easy.addUsage(usage(890_000_000), each: "delivery", 1000)
        #expect(!easy.text.contains("bottleneck"))
        #expect(easy.json.contains(#""generator_saturated":false"#))
    }

    @Test func `the object for programs is JSON`() throws {
        var report = Report(bench: "fanout", "")
        report.add(outcome(), recipients: 1, isVerifying: true)
        report.addEnds(["closed by the server: 4000 \"too\nslow\"": 3])
        try limits(["--max-p99", "1ms", "--min-rate", "1"]).check(outcome(), &report)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any]
        )
        let latency = try #require(object["latency_us"] as? [String: Any])
        #expect(latency["count"] as? Int == 100)
        let p50 = try #require(latency["p50"] as? Double)
        #expect(abs(p50 - 50_000) < 50)
        #expect(latency["max"] as? Double == 100_000)
        #expect(
            (object["thresholds"] as? [[String: Any]])?.map { $0["met"] as? Bool } == [false, true]
        )
        #expect(object["exit_code"] as? Int == 2)
    }

    @Test(arguments: [
        (0.001234, "1.23 µs"), (0.0999, "99.9 µs"), (1, "1.00 ms"), (12.34, "12.3 ms"),
        (123.4, "123 ms"), (1234, "1.23 s"),
    ])
    func `durations are written with three digits`(milliseconds: Double, text: String) {
        #expect(Duration.nanoseconds(Int64(milliseconds * 1e6)).short == text)
    }

    @Test func `large numbers are grouped`() {
        #expect(
            [0, 999, 1000, 1_234_567, -1000].map(\.grouped) == [
                "0", "999", "1,000", "1,234,567", "-1,000",
            ]
        )
    }
}
