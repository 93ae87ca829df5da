/// Writes the parts of JSON texts behind what is already there.
public enum JSONWriter {
    /// Appends a string with its quotes.
    ///
    /// Only what RFC 8259 section 7 demands is escaped: quote, backslash, control characters.
    /// Cost: copies runs of text whole.
    public static func append(_ string: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        let text = string.utf8.span.bytes
        var offset = 0
        while true {
            let end = text.plainTextEnd(from: offset)
            append(text.extracting(offset..<end), to: &out)
            guard end < text.byteCount else { break }
            appendEscaped(text.byte(at: end), to: &out)
            offset = end + 1
        }
        out.append(UInt8(ascii: "\""))
    }

    /// How many bytes `append` writes for a string.
    public static func length(of string: String) -> Int {
        let text = string.utf8.span.bytes
        var length = text.byteCount + 2
        var offset = text.plainTextEnd(from: 0)
        while offset < text.byteCount {
            length += escapedLength(text.byte(at: offset)) - 1
            offset = text.plainTextEnd(from: offset + 1)
        }
        return length
    }

    /// Appends bytes as they are: punctuation and keys, or a value relayed verbatim.
    public static func append(_ bytes: RawSpan, to out: inout [UInt8]) {
        bytes.withUnsafeBytes { out.append(contentsOf: $0) }
    }

    /// Appends a literal as it is.
    public static func append(literal: StaticString, to out: inout [UInt8]) {
        literal.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    /// Appends a number in decimal digits.
    public static func append(_ number: UInt64, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = digits.count
            var rest = number
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            out.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Appends a number in decimal digits, with a minus sign if it needs one.
    public static func append(_ number: Int64, to out: inout [UInt8]) {
        if number < 0 { out.append(UInt8(ascii: "-")) }
        append(number.magnitude, to: &out)
    }

    /// How many digits a number has.
    @inlinable
    public static func length(of number: UInt64) -> Int {
        var digits = 1
        var bound: UInt64 = 10
        // The next power of ten would not fit.
        while digits < 20, number >= bound {
            digits += 1
            bound &*= 10
        }
        return digits
    }

    /// How many digits a number has, and its sign.
    public static func length(of number: Int64) -> Int {
        length(of: number.magnitude) + (number < 0 ? 1 : 0)
    }

    /// The letter behind the backslash, for those that RFC 8259 gives a short form.
    private static func shortEscape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }

    private static func escapedLength(_ byte: UInt8) -> Int {
        shortEscape(byte) == nil ? 6 : 2
    }

    private static func appendEscaped(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\\"))
        if let letter = shortEscape(byte) { return out.append(letter) }
        append(literal: byte < 0x10 ? "u000" : "u001", to: &out)
        let low = byte & 0x0F
        out.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
    }
}
