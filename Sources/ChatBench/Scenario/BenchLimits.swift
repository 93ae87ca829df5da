import ArgumentParser
import ChatCore

/// The thresholds that a run must reach; the exit code says if it missed one.
struct BenchLimits: ParsableArguments {
    @Option(
        name: .customLong("max-p99"),
        help: """
            The longest 99th percentile of the latency, such as 20ms. Missed if recipients are \
            gone, or more messages lost than --max-lost.
            """,
        transform: BenchArgument.duration
    )
    var maxP99: Duration?
    @Option(
        help: "Messages a second that all recipients must have heard.",
        transform: BenchArgument.number
    )
    var minRate: Double?
    @Option(help: "Messages that may be lost, over all recipients, those that are gone too.")
    var maxLost: Int?

    func check(_ outcome: Scenario.Outcome, _ report: inout Report) {
        let counts = outcome.counts
        let p99 = counts.latency.count > 0 ? counts.latency.percentile(99) : nil
        let perSecond =
            outcome.measuredSeconds > 0
            ? Double(counts.completeMeasured) / outcome.measuredSeconds : nil
        report.threshold("max-p99", .atMost, maxP99, p99, \.short, voided: absence(outcome)) {
            .number($0.microseconds)
        }
        report.threshold("min-rate", .atLeast, minRate, perSecond, { "\($0.threeDigits)/s" }) {
            .number($0)
        }
        report.threshold("max-lost", .atMost, maxLost, outcome.faults.lost, \.grouped) {
            .int($0)
        }
    }

    /// Says why a latency proves nothing, if it does: messages that never arrived have none, and theirs
    /// would be the worst.
    private func absence(_ outcome: Scenario.Outcome) -> String? {
        if outcome.gone > 0 { return "\(outcome.gone.grouped) recipients are gone" }
        let lost = outcome.faults.lost
        return lost > maxLost ?? 0 ? "\(lost.grouped) messages never arrived" : nil
    }
}
