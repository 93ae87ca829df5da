/// Reads and writes numbers with units, exactly: what is written can be read again.
package enum Units {
    /// The word for a list without entries; an empty value is refused, because it is more often a
    /// mistake.
    package static let emptyList = "none"
    /// A day: longer durations come from confused units.
    package static let longestDuration = Duration.seconds(24 * 3600)

    /// Reads digits and nothing else.
    package static func wholeNumber(_ text: some StringProtocol) -> Int? {
        text.utf8.allSatisfy(\.isDigit) ? Int(text) : nil
    }

    /// Reads digits with or without a decimal point: no exponent, no sign, no `nan`.
    package static func number(_ text: String) -> Double? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isDigit) })
        else {
            return nil
        }
        return Double(text)
    }

    /// Reads a duration such as `25s`. A number without a unit is refused, because readers disagree
    /// whether it means seconds or milliseconds.
    package static func duration(_ text: String) throws(InvalidValue) -> Duration {
        let (digits, unit) = text.splitAfterDigits
        guard !digits.isEmpty else { throw InvalidValue("is not a duration") }
        guard !unit.isEmpty else { throw InvalidValue("has no unit") }
        guard let factor = durationUnits.first(where: { $0.name == unit })?.factor else {
            throw InvalidValue("has an unknown unit, “\(String(unit).printable)”")
        }
        return .milliseconds(try product(digits, factor))
    }

    /// Reads a number of bytes such as `64KiB`; without a unit, bytes. `KB` is refused, because readers
    /// disagree whether it means 1,000 or 1,024.
    package static func bytes(_ text: String) throws(InvalidValue) -> Int {
        let (digits, unit) = text.splitAfterDigits
        guard !digits.isEmpty else { throw InvalidValue("is not a number of bytes") }
        if unit.isEmpty { return try product(digits, 1) }
        guard let factor = byteUnits.first(where: { $0.name == unit })?.factor else {
            throw InvalidValue(
                "has an unknown unit, “\(String(unit).printable)” (B, KiB, MiB and GiB)"
            )
        }
        return try product(digits, factor)
    }

    /// Reads entries with commas between them, or the word for none.
    package static func list(_ text: String) throws(InvalidValue) -> [String] {
        if text == emptyList { return [] }
        var entries: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let entry = String(part.trimmingSpaces)
            guard !entry.isEmpty else { throw InvalidValue("has an empty entry") }
            if !entries.contains(entry) { entries.append(entry) }
        }
        return entries
    }

    /// Writes a duration in the largest unit that leaves a whole number.
    package static func text(duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        guard milliseconds != 0 else { return "0s" }
        return text(milliseconds, durationUnits)
    }

    /// Writes a number of bytes in the largest unit that leaves a whole number.
    package static func text(bytes: Int) -> String {
        bytes > 0 && bytes.isMultiple(of: 1 << 10) ? text(bytes, byteUnits) : "\(bytes)"
    }

    /// Writes a number, without a decimal point if it is whole.
    package static func text(number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }

    /// Units of time in milliseconds, the largest first.
    private static let durationUnits = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)]
        .map { (name: $0, factor: $1) }
    /// Units of bytes, the largest first (IEC 80000-13).
    private static let byteUnits = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]
        .map { (name: $0, factor: $1) }

    private static func text(_ amount: Int, _ units: [(name: String, factor: Int)]) -> String {
        for unit in units where amount.isMultiple(of: unit.factor) {
            return "\(amount / unit.factor)\(unit.name)"
        }
        return "\(amount)"
    }

    private static func product(_ digits: Substring, _ factor: Int) throws(InvalidValue) -> Int {
        guard let number = wholeNumber(digits) else { throw InvalidValue("is too large") }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw InvalidValue("is too large") }
        return product
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

extension String {
    /// Splits the text into the digits at its start and the rest, without the spaces between them.
    fileprivate var splitAfterDigits: (digits: Substring, unit: Substring) {
        let end = utf8.firstIndex { !$0.isDigit } ?? endIndex
        return (self[..<end], self[end...].trimmingSpaces)
    }
}

extension Substring {
    /// The text without spaces and tabs at both ends.
    fileprivate var trimmingSpaces: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
