/// The values found for the keys of a message's top level that a dialect knows.
///
/// Unknown keys are ignored; keys may be written with escapes. What a value contains is not examined.
protocol KnownFields {
    /// The keys that have been given, one bit for each.
    var given: UInt32 { get set }
    /// The first fault found. It does not end the reading: the rest may turn out not to be JSON, or may
    /// contain what is to be echoed.
    var fault: MessageFault? { get set }

    /// Returns the known key that a member's name is.
    static func key(_ name: JSONString, in bytes: RawSpan) -> MessageKey?

    /// Keeps a key's value: its range, and the string if it is one. Notes what is wrong with it.
    mutating func store(
        _ key: MessageKey,
        _ range: Range<Int>,
        _ string: JSONString?,
        in bytes: RawSpan
    )
}

extension KnownFields {
    /// Reads a text.
    ///
    /// Cost: one pass, no allocation. Inlined, so that the scanner's position stays in a register.
    @inline(__always)
    mutating func read(_ bytes: RawSpan) throws(JSONError) {
        var scanner = JSONScanner()
        scanner.skipWhitespace(bytes)
        if scanner.peek(bytes) == UInt8(ascii: "{") {
            var more = try scanner.enterObject(bytes)
            while more {
                try readMember(&scanner, bytes)
                more = try scanner.nextMember(bytes)
            }
        } else {
            _ = try scanner.value(bytes)
            fault = .notAnObject
        }
        try scanner.end(bytes)
    }

    @inline(__always)
    private mutating func readMember(
        _ scanner: inout JSONScanner,
        _ bytes: RawSpan
    ) throws(JSONError) {
        let name = try scanner.key(bytes)
        let start = scanner.position
        let isString = scanner.peek(bytes) == UInt8(ascii: "\"")
        let string = isString ? try scanner.string(bytes) : nil
        if !isString { _ = try scanner.value(bytes, depth: 1) }

        guard let key = Self.key(name, in: bytes) else { return }
        let bit: UInt32 = 1 << key.rawValue
        if given & bit == 0 {
            store(key, start..<scanner.position, string, in: bytes)
        } else {
            note(.givenTwice(key))
        }
        given |= bit
    }

    /// Notes a fault, unless there is one already.
    mutating func note(_ fault: MessageFault) {
        if self.fault == nil { self.fault = fault }
    }
}
