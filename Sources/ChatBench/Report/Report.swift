import ChatCore
import ChatSupport

/// What a run found: lines for people, an object for programs, and what is wrong with it.
struct Report {
    /// How the process ends; documented in `chatnode bench --help`.
    enum Verdict: Int32, Comparable {
        case verificationFailed = 1
        case thresholdMissed = 2
        case unreachable = 69
        case refused = 77

        /// The order of verdicts; the exit code is that of the worst.
        private var rank: Int {
            switch self {
            case .unreachable: 3
            case .refused: 2
            case .verificationFailed: 1
            case .thresholdMissed: 0
            }
        }

        static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }
    }

    let title: String
    private var rows: [(label: String, text: String)] = []
    private(set) var fields: [(String, JSONValue)]
    private var thresholds: [JSONValue] = []
    private var notes: [String] = []
    private var failures: [(verdict: Verdict, text: String)] = []
    var isInterrupted = false

    init(bench: String, _ title: String) {
        self.title = title
        fields = [("bench", .string(bench)), ("version", .string(Version.current))]
    }

    mutating func row(_ label: String, _ text: String) { rows.append((label, text)) }
    mutating func field(_ key: String, _ value: JSONValue) { fields.append((key, value)) }
    /// Adds a remark about the figures.
    mutating func note(_ text: String) { notes.append(text) }
    mutating func fail(_ verdict: Verdict, _ text: String) { failures.append((verdict, text)) }

    /// Adds a row for people and a field for programs.
    mutating func latency(_ label: String, _ key: String, _ latency: Latency, _ meaning: String) {
        field(key, latency.json)
        if latency.count > 0 { row(label, "\(latency.text)  \(meaning)") }
    }

    /// Which side of a limit is allowed.
    enum Bound { case atMost, atLeast }

    /// Checks a value against a limit; nil means that none was set. The threshold is missed if
    /// nothing was measured, or if the value is meaningless for the reason in `voided`.
    mutating func threshold<Value: Comparable>(
        _ name: String,
        _ bound: Bound,
        _ limit: Value?,
        _ value: Value?,
        _ show: (Value) -> String,
        voided: String? = nil,
        _ json: (Value) -> JSONValue
    ) {
        guard let limit else { return }
        let isWithin = value.map { bound == .atMost ? $0 <= limit : $0 >= limit } ?? false
        let isMet = isWithin && voided == nil
        thresholds.append(
            .object([
                ("name", .string(name)), ("limit", json(limit)),
                ("value", value.map(json) ?? .null), ("met", .bool(isMet)),
            ])
        )
        guard !isMet else { return }
        let relation = bound == .atMost ? "more than" : "less than"
        let found =
            voided ?? value.map { "\(show($0)) is \(relation) \(show(limit))" }
            ?? "nothing measured"
        fail(.thresholdMissed, "threshold missed: --\(name): \(found)")
    }

    // MARK: Output

    var exitCode: Int32 {
        failures.map(\.verdict).max()?.rawValue ?? (isInterrupted ? 130 : 0)
    }

    /// The report for people.
    var text: String {
        let width = rows.map(\.label.count).max() ?? 0
        let lines = rows.map { row in
            let padding = String(repeating: " ", count: width - row.label.count)
            return "  \(row.label)\(padding)  \(row.text)"
        }
        return ([title] + lines + notes.map { "note: \($0)" }).joined(separator: "\n")
    }

    /// The report for programs.
    var json: String {
        let ends: [(String, JSONValue)] = [
            ("notes", .array(notes.map { .string($0) })),
            ("thresholds", .array(thresholds)),
            ("failures", .array(failures.map { .string($0.text) })),
            ("interrupted", .bool(isInterrupted)),
            ("exit_code", .int(Int(exitCode))),
        ]
        return JSONValue.object(fields + ends).text
    }

    /// What is wrong, in one line each; empty if nothing is.
    var complaints: [String] { failures.map { "error: \($0.text)" } }
}

extension Latency {
    /// The percentiles in microseconds.
    var json: JSONValue {
        guard count > 0 else { return .object([("count", .int(0))]) }
        return .object([
            ("count", .int(count)),
            ("p50", .number(percentile(50).microseconds)),
            ("p90", .number(percentile(90).microseconds)),
            ("p95", .number(percentile(95).microseconds)),
            ("p99", .number(percentile(99).microseconds)),
            ("p99_9", .number(percentile(99.9).microseconds)),
            ("max", .number(max.microseconds)),
        ])
    }

    var text: String {
        let parts = [("p50", 50.0), ("p90", 90), ("p95", 95), ("p99", 99), ("p99.9", 99.9)].map {
            "\($0) \(percentile($1).short)"
        }
        return (parts + ["max \(max.short)"]).joined(separator: "  ")
    }
}

extension Duration {
    var microseconds: Double { Double(inNanoseconds / 100) / 10 }

    /// The duration with three digits, for people.
    var short: String {
        let nanoseconds = Double(inNanoseconds)
        return switch nanoseconds {
        case ..<1e6: "\((nanoseconds / 1e3).threeDigits) µs"
        case ..<1e9: "\((nanoseconds / 1e6).threeDigits) ms"
        default: "\((nanoseconds / 1e9).threeDigits) s"
        }
    }
}

extension Double {
    /// The number with three digits: 1.23, 12.3, 123.
    var threeDigits: String {
        let decimals = abs(self) < 10 ? 2 : abs(self) < 100 ? 1 : 0
        let factor = [1.0, 10, 100][decimals]
        let scaled = Int((self * factor).rounded())
        guard decimals > 0 else { return scaled.grouped }
        let (whole, rest) = scaled.magnitude.quotientAndRemainder(dividingBy: UInt(factor))
        let zeros = String(repeating: "0", count: decimals - String(rest).count)
        return "\(scaled < 0 ? "-" : "")\(whole).\(zeros)\(rest)"
    }

    /// The number as a percentage, if it is a share of one.
    var percent: String { "\((self * 100).threeDigits) %" }
}

extension Int {
    /// The number with its digits in groups: 12,345.
    var grouped: String {
        var digits = String(magnitude)
        var index = digits.endIndex
        while digits.distance(from: digits.startIndex, to: index) > 3 {
            index = digits.index(index, offsetBy: -3)
            digits.insert(",", at: index)
        }
        return (self < 0 ? "-" : "") + digits
    }
}
