/// Prometheus's text format, version 0.0.4, parsed as strictly as possible
/// (https://prometheus.io/docs/instrumenting/exposition_formats), and by the conventions for names.
public struct PrometheusText: Sendable {
    /// One line with a value.
    public struct Sample: Sendable {
        /// The name, for a histogram with `_bucket`, `_sum` or `_count`.
        public let name: String
        /// The labels, with escapes undone.
        public let labels: [String: String]
        /// The value.
        public let value: Double
    }

    /// The samples below one HELP and TYPE.
    public struct Family: Sendable {
        /// The name of the family, not of its samples.
        public let name: String
        /// The HELP text, with escapes undone.
        public let help: String
        /// `counter`, `gauge` or `histogram`.
        public fileprivate(set) var kind = ""
        /// The samples, in order.
        public fileprivate(set) var samples: [Sample] = []
    }

    /// The families, in order.
    public private(set) var families: [Family] = []

    /// Parses a scrape.
    ///
    /// Fails: at the first fault, with the line and what is wrong with it.
    public init(parsing text: String) throws {
        guard text.hasSuffix("\n") else { throw Unexpected("the last line has no end") }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            do {
                try read(line)
            } catch {
                throw Unexpected("\(error) in: \(line)")
            }
        }
        for family in families { try check(family) }
        let names = families.map(\.name)
        guard Set(names).count == names.count else { throw Unexpected("a family comes twice") }
    }

    /// Returns the family of a name.
    public func family(_ name: String) throws -> Family {
        guard let family = families.first(where: { $0.name == name }) else {
            throw Unexpected("there is no \(name)")
        }
        return family
    }

    /// Returns the value of the one sample with exactly these labels.
    public func value(_ name: String, _ labels: [String: String] = [:]) throws -> Double {
        let found = families.flatMap(\.samples).filter { $0.name == name && $0.labels == labels }
        guard let sample = found.first else { throw Unexpected("there is no \(name) \(labels)") }
        return sample.value
    }

    /// Returns the sum of all samples of that name.
    public func sum(_ name: String) -> Double {
        families.flatMap(\.samples).filter { $0.name == name }.reduce(0) { $0 + $1.value }
    }

    // MARK: Lines

    private mutating func read(_ line: Substring) throws {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        if line.hasPrefix("# HELP ") {
            guard words.count == 4, !words[3].isEmpty else { throw Unexpected("HELP says nothing") }
            if let last = families.last, last.samples.isEmpty {
                throw Unexpected("\(last.name) has no samples")
            }
            let name = try Self.name(words[2], isLabel: false)
            let help = try Self.unescaped(words[3], quotes: false)
            families.append(Family(name: name, help: help))
        } else if line.hasPrefix("# TYPE ") {
            guard let last = families.last, words.count == 4, words[2] == last.name,
                last.kind.isEmpty, last.samples.isEmpty
            else { throw Unexpected("TYPE does not follow its HELP") }
            guard ["counter", "gauge", "histogram"].contains(words[3]) else {
                throw Unexpected("an unknown kind")
            }
            families[families.count - 1].kind = String(words[3])
        } else {
            let sample = try Self.sample(line)
            guard let last = families.last, !last.kind.isEmpty, last.owns(sample.name) else {
                throw Unexpected("a sample outside its family")
            }
            families[families.count - 1].samples.append(sample)
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        let name = line.prefix { $0 != "{" && $0 != " " }
        var rest = line.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" { labels = try takeLabels(&rest) }
        guard rest.first == " " else { throw Unexpected("no space before the value") }
        rest = rest.dropFirst()
        return Sample(
            name: try self.name(name, isLabel: false),
            labels: labels,
            value: try number(rest)
        )
    }

    private static func takeLabels(_ rest: inout Substring) throws -> [String: String] {
        var labels: [String: String] = [:]
        repeat {
            rest = rest.dropFirst()
            let name = try name(rest.prefix { $0 != "=" }, isLabel: true)
            rest = rest.dropFirst(name.count)
            guard rest.hasPrefix("=\"") else { throw Unexpected("a label without a value") }
            rest = rest.dropFirst(2)
            var raw = ""
            while let next = rest.first, next != "\"" {
                let count = next == "\\" ? 2 : 1
                raw += rest.prefix(count)
                rest = rest.dropFirst(count)
            }
            guard rest.first == "\"" else { throw Unexpected("a value without an end") }
            rest = rest.dropFirst()
            let value = try unescaped(raw[...], quotes: true)
            guard labels.updateValue(value, forKey: name) == nil else {
                throw Unexpected("the label \(name) twice")
            }
        } while rest.first == ","
        guard rest.first == "}" else { throw Unexpected("labels without an end") }
        rest = rest.dropFirst()
        return labels
    }

    private static func name(_ text: Substring, isLabel: Bool) throws -> String {
        let isWord = text.allSatisfy { character in
            character.isASCII
                && (character.isLetter || character.isNumber || character == "_"
                    || (character == ":" && !isLabel))
        }
        guard isWord, let first = text.first, !first.isNumber, !text.hasPrefix("__") else {
            throw Unexpected("“\(text)” is no name")
        }
        return String(text)
    }

    private static func number(_ text: Substring) throws -> Double {
        switch text {
        case "+Inf": return .infinity
        case "-Inf": return -.infinity
        case "NaN": return .nan
        default:
            guard text.allSatisfy({ "0123456789+-.e".contains($0) }), let value = Double(text)
            else {
                throw Unexpected("“\(text)” is no number")
            }
            return value
        }
    }

    private static func unescaped(_ text: Substring, quotes: Bool) throws -> String {
        var result = ""
        var rest = text
        while let next = rest.popFirst() {
            guard next == "\\" else {
                result.append(next)
                continue
            }
            switch rest.popFirst() {
            case "\\": result += "\\"
            case "n": result += "\n"
            case "\"" where quotes: result += "\""
            default: throw Unexpected("an unknown escape")
            }
        }
        return result
    }

    // MARK: Families

    private func check(_ family: Family) throws {
        guard !family.samples.isEmpty, !family.kind.isEmpty else {
            throw Unexpected("\(family.name) has no samples or no TYPE")
        }
        let series = family.samples.map { "\($0.name) \($0.labels.sorted { $0.key < $1.key })" }
        guard Set(series).count == series.count else {
            throw Unexpected("\(family.name) has a series twice")
        }
        guard family.name.hasSuffix("_total") == (family.kind == "counter") else {
            throw Unexpected("\(family.name) is a \(family.kind)")
        }
        guard family.kind != "counter" || family.samples.allSatisfy({ $0.value >= 0 }) else {
            throw Unexpected("\(family.name) is below zero")
        }
        if family.kind == "histogram" { try checkHistogram(family) }
    }

    /// Checks each series of a histogram: ascending cumulative buckets up to the total, a sum and a
    /// count, and nothing in between.
    private func checkHistogram(_ family: Family) throws {
        var rest = family.samples[...]
        while let first = rest.first {
            var labels = first.labels
            labels["le"] = nil
            let buckets = rest.prefix { $0.name == "\(family.name)_bucket" }
            rest = rest.dropFirst(buckets.count)
            let ends = try buckets.map { try Self.number(($0.labels["le"] ?? "")[...]) }
            let tail = rest.prefix(2)
            rest = rest.dropFirst(2)
            guard zip(ends, ends.dropFirst()).allSatisfy(<), ends.last == .infinity,
                buckets.allSatisfy({ $0.labels.filter { $0.key != "le" } == labels }),
                zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value <= $1.value }),
                tail.map(\.name) == ["\(family.name)_sum", "\(family.name)_count"],
                tail.allSatisfy({ $0.labels == labels }),
                buckets.last?.value == tail.last?.value
            else { throw Unexpected("\(family.name) \(labels) does not add up") }
        }
    }
}

extension PrometheusText.Family {
    fileprivate func owns(_ sample: String) -> Bool {
        guard kind == "histogram" else { return sample == name }
        return ["_bucket", "_sum", "_count"].contains { sample == name + $0 }
    }
}
