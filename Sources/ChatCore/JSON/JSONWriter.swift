/// Appends the parts of JSON texts to an array of bytes.
public enum JSONWriter {
    /// Appends a string with its quotes.
    ///
    /// Only what RFC 8259 section 7 requires is escaped: quote, backslash, control characters.
    ///
    /// Cost: text between escapes is copied in whole pieces.
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

    /// Returns the number of bytes that `append` writes for a string.
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

    /// Appends bytes unchanged: punctuation and keys, or a value relayed verbatim.
    public static func append(_ bytes: RawSpan, to out: inout [UInt8]) {
        bytes.withUnsafeBytes { out.append(contentsOf: $0) }
    }

    /// Appends a literal unchanged.
    public static func append(literal: StaticString, to out: inout [UInt8]) {
        literal.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    /// Appends a number in decimal digits.
    public static func append(_ number: UInt64, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = digits.count
            var rest = number
            while rest >= 100 {
                let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
                start -= 2
                write(UInt8(truncatingIfNeeded: pair), to: digits, at: start)
                rest = quotient
            }
            start -= 2
            write(UInt8(truncatingIfNeeded: rest), to: digits, at: start)
            if rest < 10 { start += 1 }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Writes two digits.
    @inline(__always)
    private static func write(
        _ pair: UInt8,
        to digits: UnsafeMutableBufferPointer<UInt8>,
        at index: Int
    ) {
        let offset = Int(pair) * 2
        digits[index] = pairs.utf8Start[offset]
        digits[index + 1] = pairs.utf8Start[offset + 1]
    }

    /// The numbers 00 to 99, one after the other.
    private static let pairs: StaticString = """
        0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546\
        4748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293\
        949596979899
        """

    /// Appends a number in decimal digits, with a minus sign if it needs one.
    public static func append(_ number: Int64, to out: inout [UInt8]) {
        if number < 0 { out.append(UInt8(ascii: "-")) }
        append(number.magnitude, to: &out)
    }

    /// Returns the number of digits of a number.
    @inlinable
    public static func length(of number: UInt64) -> Int { number.decimalLength }

    /// Returns the number of digits of a number, plus one for a minus sign.
    public static func length(of number: Int64) -> Int {
        length(of: number.magnitude) + (number < 0 ? 1 : 0)
    }

    /// Returns the letter after the backslash, for those characters that RFC 8259 gives a short
    /// form.
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
