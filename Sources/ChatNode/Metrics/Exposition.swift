/// Metrics in Prometheus's text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats).
struct Exposition {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// Writes the head of a family; its samples follow.
    mutating func begin(_ family: Family) {
        text += "# HELP \(family.name) \(Self.escaped(family.help))\n"
        text += "# TYPE \(family.name) \(family.kind.word)\n"
    }

    /// Writes the samples of one series.
    mutating func append(_ total: Total, of family: Family, _ labels: String = "") {
        switch family.kind {
        case .counter: sample(family.name, labels, "\(total.count)")
        case .gauge: sample(family.name, labels, Self.number(total.value))
        case .histogram(let buckets): histogram(family.name, labels, buckets, total)
        }
    }

    /// Writes a family of one sample without labels.
    mutating func append(_ family: Family, _ value: Double) {
        begin(family)
        sample(family.name, "", Self.number(value))
    }

    /// Writes a histogram with cumulative buckets. Its count is the sum of the buckets just read,
    /// so that a scrape never contradicts itself.
    private mutating func histogram(
        _ name: String,
        _ labels: String,
        _ buckets: Buckets,
        _ total: Total
    ) {
        let ends = buckets.bounds.map { Self.number(Double($0) / buckets.scale) } + ["+Inf"]
        var count: Int64 = 0
        for (end, inBucket) in zip(ends, total.buckets) {
            count += inBucket
            let comma = labels.isEmpty ? "" : ","
            sample("\(name)_bucket", "\(labels)\(comma)le=\"\(end)\"", "\(count)")
        }
        sample("\(name)_sum", labels, Self.number(total.value))
        sample("\(name)_count", labels, "\(count)")
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// Formats a number as Go's `ParseFloat` reads it; whole numbers without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Up to 2^53 a `Double` holds every whole number exactly.
        return Int64(exactly: value).flatMap { abs($0) < 1 << 53 ? "\($0)" : nil } ?? "\(value)"
    }

    /// Formats labels as they stand between the braces; of two with one name, only the first.
    static func labels(_ labels: [(String, String)]) -> String {
        var seen: Set<String> = []
        return labels.compactMap { name, value in
            let word = word(name)
            // Names with this prefix are Prometheus's own, and `le` is the bucket's bound.
            let name = word.hasPrefix("__") || word == "le" ? "label_\(word)" : word
            return seen.insert(name).inserted ? "\(name)=\"\(escaped(value, quotes: true))\"" : nil
        }.joined(separator: ",")
    }

    /// Replaces what may not be in a name: letters, digits and underscores may, but no digit first.
    static func word(_ text: String) -> String {
        let word = String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return word.first?.isNumber ?? true ? "_\(word)" : word
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
