import ArgumentParser
import ChatClient
import ChatCore

/// What all load generators are told.
struct BenchOptions: ParsableArguments {
    @Argument(
        help: "Where the nodes' clients connect; several are taken in turn.",
        transform: BenchArgument.url
    )
    var urls: [ChatURL] = []
    @Option(help: "Threads of the generator (default: half of the processors).")
    var loops: Int?
    @Option(help: "Clients on their way in at the same time.")
    var concurrency = 100
    @Option(
        help:
            "Local addresses to connect from, with commas, or auto: as many of 127.0.0.1 … as needed.",
        transform: BenchArgument.source
    )
    var source = SourceAddresses.Wish.automatic
    @Option(name: .customLong("pid"), help: "A server's process here, to be measured; repeatable.")
    var pids: [Int] = []
    @Flag(help: "One JSON object instead of lines for people.")
    var json = false

    mutating func validate() throws {
        if urls.isEmpty { urls = [try BenchArgument.url("ws://127.0.0.1:4567/ws")] }
        guard loops.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("--loops is between 1 and 1024.")
        }
        guard concurrency > 0 else { throw ValidationError("--concurrency is at least 1.") }
        for pid in pids where ProcessorTime.ofProcess(pid) == nil {
            throw ValidationError("--pid \(pid): there is no such process here.")
        }
    }
}

/// What a run must reach; a miss is told by the exit code.
struct BenchLimits: ParsableArguments {
    @Option(
        name: .customLong("max-p99"),
        help: "The longest 99th percentile of the latency, such as 20ms.",
        transform: BenchArgument.duration
    )
    var maxP99: Duration?
    @Option(
        help: "Messages a second that all recipients must have heard.",
        transform: BenchArgument.number
    )
    var minRate: Double?
    @Option(help: "Messages that may be lost, over all recipients.")
    var maxLost: Int?

    func check(_ outcome: Conversation.Outcome, _ report: inout Report) {
        let counts = outcome.counts
        let p99 = counts.latency.count > 0 ? counts.latency.percentile(99) : nil
        let perSecond =
            outcome.measuredSeconds > 0
            ? Double(counts.completeMeasured) / outcome.measuredSeconds : nil
        report.threshold("max-p99", atMost: maxP99, p99, \.short) { .number($0.microseconds) }
        report.threshold("min-rate", atLeast: minRate, perSecond, { "\($0.threeDigits)/s" }) {
            .number($0)
        }
        report.threshold("max-lost", atMost: maxLost, outcome.faults.lost, \.grouped) { .int($0) }
    }
}

/// How arguments with units are read: as in the configuration.
enum BenchArgument {
    @Sendable static func url(_ text: String) throws -> ChatURL {
        do throws(ChatURL.Invalid) {
            return try ChatURL(text)
        } catch {
            throw ValidationError(
                "“\(text.printable)” \(error.complaint); such as ws://127.0.0.1:4567/ws."
            )
        }
    }

    @Sendable static func source(_ text: String) throws -> SourceAddresses.Wish {
        text == "auto"
            ? .automatic
            : .these(
                try explained("addresses with commas") { () throws(InvalidValue) in
                    try Units.list(text)
                }
            )
    }

    @Sendable static func duration(_ text: String) throws -> Duration {
        try explained("a number with its unit, such as 500ms, 10s or 2m") {
            () throws(InvalidValue) in
            try Units.duration(text)
        }
    }

    @Sendable static func bytes(_ text: String) throws -> Int {
        try explained("a number of bytes such as 128 or 4KiB") { () throws(InvalidValue) in
            try Units.bytes(text)
        }
    }

    @Sendable static func number(_ text: String) throws -> Double {
        guard let number = Units.number(text), number > 0 else {
            throw ValidationError("is not a number above 0.")
        }
        return number
    }

    private static func explained<Value>(
        _ expected: String,
        _ parse: () throws(InvalidValue) -> Value
    ) throws -> Value {
        do {
            return try parse()
        } catch {
            throw ValidationError("\(error.complaint): \(expected).")
        }
    }
}
