/// Says why a text is not accepted as JSON.
package enum JSONError: Error {
    /// The text does not follow the grammar of RFC 8259.
    case malformed
    /// Arrays and objects are nested deeper than `Limits.jsonDepth`.
    case tooDeep
}

/// Reads one JSON text (RFC 8259) and returns the places of its parts, without converting any.
///
/// Values are relayed verbatim, so only the grammar is checked, not the value of a number or the
/// meaning of a string: 25 digits, `1e999`, `-0` and `\ud800` are accepted. Inside strings any
/// bytes above 0x7F are accepted; the WebSocket layer checks that they are UTF-8.
///
/// The scanner is only a position; every call is handed the bytes, which must always be the same.
///
/// Cost: linear, constant stack, no allocation. Every read is bounds-checked. The methods that read
/// a message's top level are inlined there, so that the position stays in a register.
package struct JSONScanner {
    /// The offset of the next byte.
    package private(set) var position: Int

    package init(at position: Int = 0) {
        self.position = position
    }

    /// Returns the byte at the position, or 0 at the end: 0 is not allowed anywhere outside
    /// strings.
    @inline(__always)
    package func peek(_ bytes: RawSpan) -> UInt8 {
        position < bytes.byteCount ? bytes.byte(at: position) : 0
    }

    @inline(__always)
    package mutating func skipWhitespace(_ bytes: RawSpan) {
        // Most clients send no whitespace, and no other byte allowed here is as low.
        if peek(bytes) > UInt8(ascii: " ") { return }
        passWhitespace(bytes)
    }

    private mutating func passWhitespace(_ bytes: RawSpan) {
        while position < bytes.byteCount {
            switch bytes.byte(at: position) {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                position += 1
            default: return
            }
        }
    }

    /// Reads an object's `{`. Returns false if a `}` follows immediately, which is read too.
    @inline(__always)
    package mutating func enterObject(_ bytes: RawSpan) throws(JSONError) -> Bool {
        try expect(UInt8(ascii: "{"), bytes)
        skipWhitespace(bytes)
        return !take(UInt8(ascii: "}"), bytes)
    }

    /// Reads a member's name, its colon and the whitespace around them.
    @inline(__always)
    package mutating func key(_ bytes: RawSpan) throws(JSONError) -> JSONString {
        skipWhitespace(bytes)
        let key = try string(bytes)
        skipWhitespace(bytes)
        try expect(UInt8(ascii: ":"), bytes)
        skipWhitespace(bytes)
        return key
    }

    /// Reads what follows a member. Returns true after a comma, which announces another member, and
    /// false at the end of the object.
    @inline(__always)
    package mutating func nextMember(_ bytes: RawSpan) throws(JSONError) -> Bool {
        skipWhitespace(bytes)
        if take(UInt8(ascii: ","), bytes) { return true }
        try expect(UInt8(ascii: "}"), bytes)
        return false
    }

    /// Checks that nothing but whitespace follows.
    @inline(__always)
    package mutating func end(_ bytes: RawSpan) throws(JSONError) {
        skipWhitespace(bytes)
        guard position == bytes.byteCount else { throw .malformed }
    }

    /// Reads one value of any kind and returns the range of its bytes.
    ///
    /// `depth` is the number of arrays and objects that are already open around it. Each open one
    /// is remembered as a bit, so that deep nesting cannot exhaust the stack.
    package mutating func value(_ bytes: RawSpan, depth base: Int = 0) throws(JSONError) -> Range<
        Int
    > {
        let start = position
        var depth = base
        // Bit 0 is the innermost open one: 1 for an object, 0 for an array.
        var objects: UInt64 = 0
        while true {
            switch peek(bytes) {
            case UInt8(ascii: "{"):
                guard depth < Limits.jsonDepth else { throw .tooDeep }
                if try enterObject(bytes) {
                    objects = objects << 1 | 1
                    depth += 1
                    _ = try key(bytes)
                    continue
                }
            case UInt8(ascii: "["):
                guard depth < Limits.jsonDepth else { throw .tooDeep }
                position += 1
                skipWhitespace(bytes)
                if !take(UInt8(ascii: "]"), bytes) {
                    objects <<= 1
                    depth += 1
                    continue
                }
            default: try scalar(bytes)
            }
            guard try anotherValue(bytes, above: base, &depth, &objects) else {
                return start..<position
            }
        }
    }

    /// Closes the arrays and objects that end after a value inside `value`. Returns true if another
    /// value must follow.
    @inline(__always)
    private mutating func anotherValue(
        _ bytes: RawSpan,
        above base: Int,
        _ depth: inout Int,
        _ objects: inout UInt64
    ) throws(JSONError) -> Bool {
        while depth > base {
            let inObject = objects & 1 == 1
            skipWhitespace(bytes)
            if take(UInt8(ascii: ","), bytes) {
                if inObject { _ = try key(bytes) } else { skipWhitespace(bytes) }
                return true
            }
            try expect(inObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), bytes)
            objects >>= 1
            depth -= 1
        }
        return false
    }

    private mutating func scalar(_ bytes: RawSpan) throws(JSONError) {
        switch peek(bytes) {
        case UInt8(ascii: "\""): _ = try string(bytes)
        case UInt8(ascii: "t"): try literal("true", bytes)
        case UInt8(ascii: "f"): try literal("false", bytes)
        case UInt8(ascii: "n"): try literal("null", bytes)
        default: try number(bytes)
        }
    }

    private mutating func literal(_ word: StaticString, _ bytes: RawSpan) throws(JSONError) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.byteCount, bytes.equals(word, at: position) else { throw .malformed }
        position = end
    }

    /// Reads a number by RFC 8259 section 6: no leading zero, no bare point, a digit after `.`, `e`
    /// and its sign.
    private mutating func number(_ bytes: RawSpan) throws(JSONError) {
        _ = take(UInt8(ascii: "-"), bytes)
        if !take(UInt8(ascii: "0"), bytes) { try digits(bytes) }
        if take(UInt8(ascii: "."), bytes) { try digits(bytes) }
        if peek(bytes) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if !take(UInt8(ascii: "+"), bytes) { _ = take(UInt8(ascii: "-"), bytes) }
            try digits(bytes)
        }
    }

    /// Reads one or more digits.
    private mutating func digits(_ bytes: RawSpan) throws(JSONError) {
        let start = position
        while position < bytes.byteCount, bytes.byte(at: position) &- UInt8(ascii: "0") < 10 {
            position += 1
        }
        guard position > start else { throw .malformed }
    }

    /// Reads a string with its quotes.
    @inline(__always)
    package mutating func string(_ bytes: RawSpan) throws(JSONError) -> JSONString {
        try expect(UInt8(ascii: "\""), bytes)
        let start = position
        var hasEscapes = false
        while true {
            position = bytes.plainTextEnd(from: position)
            switch peek(bytes) {
            case UInt8(ascii: "\""):
                position += 1
                return JSONString(range: start..<(position - 1), hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try escape(bytes)
            default: throw .malformed  // A control character, or the end.
            }
        }
    }

    private mutating func escape(_ bytes: RawSpan) throws(JSONError) {
        position += 1
        switch peek(bytes) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            guard bytes.hexadecimal(at: position + 1) != nil else { throw .malformed }
            position += 5
        default: throw .malformed
        }
    }

    @inline(__always)
    private mutating func take(_ byte: UInt8, _ bytes: RawSpan) -> Bool {
        guard peek(bytes) == byte else { return false }
        position += 1
        return true
    }

    @inline(__always)
    private mutating func expect(_ byte: UInt8, _ bytes: RawSpan) throws(JSONError) {
        guard take(byte, bytes) else { throw .malformed }
    }
}
