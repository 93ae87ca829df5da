import ChatCore

/// How a value is read and written: one for each kind of setting.
struct ValueKind<Value>: Sendable {
    /// What a value looks like.
    let expected: String
    let isList: Bool
    let parse: @Sendable (String) throws(InvalidValue) -> Value
    let show: @Sendable (Value) -> String

    init(
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

    /// The same with a word for "nothing in particular".
    static func optional<Wrapped>(_ kind: ValueKind<Wrapped>, absent: String) -> Self
    where Value == Wrapped? {
        .init(expected: "\(kind.expected), or \(absent)") { (text) throws(InvalidValue) in
            text == absent ? nil : try kind.parse(text)
        } show: {
            $0.map(kind.show) ?? absent
        }
    }

    /// One of a few words.
    static func oneOf() -> Self
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
    /// What is said by being there at all.
    static func flag(_ expected: String) -> Self {
        .init(expected: expected) { (text) throws(InvalidValue) in
            guard let value = Bool(text) else { throw InvalidValue("takes no value") }
            return value
        } show: {
            "\($0)"
        }
    }
}

extension ValueKind<Int> {
    /// A whole number.
    static func count(_ range: ClosedRange<Int>, _ expected: String) -> Self {
        .init(expected: expected) { (text) throws(InvalidValue) in
            guard let count = Units.wholeNumber(text) else {
                throw InvalidValue("is not a whole number")
            }
            return try range.checked(count) { "\($0)" }
        } show: {
            "\($0)"
        }
    }

    /// A number of bytes.
    static func bytes(_ range: ClosedRange<Int>, _ examples: String) -> Self {
        .init(expected: "a number of bytes such as \(examples)") { (text) throws(InvalidValue) in
            try range.checked(try Units.bytes(text), Units.text(bytes:))
        } show: {
            Units.text(bytes: $0)
        }
    }
}

extension ValueKind<Double> {
    /// A number that need not be whole.
    static func number(
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
    /// What is measured by the timers of a connection, so not shorter than their tick.
    static let timeout = duration(Limits.wheelTick)
    /// What may also be nothing at all.
    static let wait = duration(.zero)

    private static func duration(_ shortest: Duration) -> Self {
        .init(expected: "a number with its unit, such as 500ms, 25s or 2m") {
            (text) throws(InvalidValue) in
            try (shortest...Units.longestDuration)
                .checked(try Units.duration(text), Units.text(duration:))
        } show: {
            Units.text(duration: $0)
        }
    }
}

extension ClosedRange {
    /// The value, if it is within the range.
    fileprivate func checked(_ value: Bound, _ show: (Bound) -> String) throws(InvalidValue)
        -> Bound
    {
        guard contains(value) else {
            throw InvalidValue("is not between \(show(lowerBound)) and \(show(upperBound))")
        }
        return value
    }
}
