import ChatCore

/// Reads and writes the values of one kind of setting.
package struct ValueKind<Value>: Sendable {
    /// Describes a valid value, for the `fix:` line of an error.
    package let expected: String
    /// Whether the file may give a list.
    package let isList: Bool
    package let parse: @Sendable (String) throws(InvalidValue) -> Value
    package let show: @Sendable (Value) -> String

    package init(
        expected: String,
        isList: Bool = false,
        parse: @escaping @Sendable (String) throws(InvalidValue) -> Value,
        show: @escaping @Sendable (Value) -> String
    ) {
        self.expected = expected
        self.isList = isList
        self.parse = parse
        self.show = show
    }

    /// Returns a kind that reads one more word, `absent`, as nil.
    package static func optional<Wrapped>(_ kind: ValueKind<Wrapped>, absent: String) -> Self
    where Value == Wrapped? {
        .init(expected: "\(kind.expected), or \(absent)") { (text) throws(InvalidValue) in
            text == absent ? nil : try kind.parse(text)
        } show: {
            $0.map(kind.show) ?? absent
        }
    }

    /// Returns a kind whose values are the words of an enum.
    package static func oneOf() -> Self
    where Value: CaseIterable & RawRepresentable & Sendable, Value.RawValue == String {
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return .init(expected: "one of \(words)") { (text) throws(InvalidValue) in
            guard let value = Value(rawValue: text) else {
                throw InvalidValue("is not a known word")
            }
            return value
        } show: {
            $0.rawValue
        }
    }
}

extension ValueKind<Bool> {
    /// Returns the kind of a flag that takes no value.
    package static func flag(_ expected: String) -> Self {
        .init(expected: expected) { (text) throws(InvalidValue) in
            guard let value = Bool(text) else { throw InvalidValue("takes no value") }
            return value
        } show: {
            "\($0)"
        }
    }
}

extension ValueKind<Int> {
    /// Returns a kind for whole numbers.
    package static func count(_ range: ClosedRange<Int>, _ expected: String) -> Self {
        .init(expected: expected) { (text) throws(InvalidValue) in
            guard let count = Units.wholeNumber(text) else {
                throw InvalidValue("is not a whole number")
            }
            return try range.checked(count) { "\($0)" }
        } show: {
            "\($0)"
        }
    }

    /// Returns a kind for numbers of bytes.
    package static func bytes(_ range: ClosedRange<Int>, _ examples: String) -> Self {
        .init(expected: "a number of bytes such as \(examples)") { (text) throws(InvalidValue) in
            try range.checked(try Units.bytes(text), Units.text(bytes:))
        } show: {
            Units.text(bytes: $0)
        }
    }
}

extension ValueKind<Double> {
    /// Returns a kind for numbers that need not be whole.
    package static func number(
        _ range: ClosedRange<Double>,
        _ unit: String,
        _ examples: String
    ) -> Self {
        .init(expected: "a number such as \(examples)") { (text) throws(InvalidValue) in
            guard let number = Units.number(text) else {
                throw InvalidValue("is not a number of \(unit)")
            }
            return try range.checked(number, Units.text(number:))
        } show: {
            Units.text(number: $0)
        }
    }
}

extension ValueKind<Duration> {
    /// A duration that a connection's timers measure, and so not shorter than their tick.
    package static let timeout = duration(Limits.wheelTick...Units.longestDuration)
    /// A duration that may be zero.
    package static let wait = duration(.zero...Units.longestDuration)

    /// Returns a kind for durations.
    package static func duration(
        _ range: ClosedRange<Duration>,
        _ examples: String = "500ms, 25s or 2m"
    ) -> Self {
        .init(expected: "a number with its unit, such as \(examples)") {
            (text) throws(InvalidValue) in
            try range.checked(try Units.duration(text), Units.text(duration:))
        } show: {
            Units.text(duration: $0)
        }
    }
}

extension ClosedRange {
    /// Returns the value if it is within the range.
    ///
    /// Fails: if it is not.
    fileprivate func checked(_ value: Bound, _ show: (Bound) -> String) throws(InvalidValue)
        -> Bound
    {
        guard contains(value) else {
            throw InvalidValue("is not between \(show(lowerBound)) and \(show(upperBound))")
        }
        return value
    }
}
