/// Base64 (RFC 4648, section 4), for the two short values of the handshake.
enum Base64 {
    private static let padding = UInt8(ascii: "=")

    /// Returns the text of the bytes, padded.
    static func encode(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: padding, count: (bytes.count + 2) / 3 * 4)
        var span = text.mutableSpan
        encode(bytes.span.bytes, into: &span, at: 0)
        return String(decoding: text, as: UTF8.self)
    }

    /// Writes the text of the bytes without its padding.
    static func encode(_ bytes: RawSpan, into text: inout MutableSpan<UInt8>, at start: Int) {
        var bits: UInt32 = 0
        var bitCount = 0
        var end = start
        for offset in 0..<bytes.byteCount {
            bits = bits << 8 | UInt32(bytes.byte(at: offset))
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text[end] = symbol(bits >> UInt32(bitCount))
                end += 1
            }
        }
        // The remaining bits are filled up with zeros.
        if bitCount > 0 { text[end] = symbol(bits << UInt32(6 - bitCount)) }
    }

    /// Whether a text is 16 bytes in base64, padded, without other characters.
    ///
    /// The last symbol carries two bits of the last byte and four without a meaning. A decoder may
    /// accept any value of those (RFC 4648, section 3.5), and in the example of RFC 6455, section
    /// 4.1, some are not zero.
    static func isOf16Bytes(_ text: RawSpan, at range: Range<Int>) -> Bool {
        guard range.count == 24 else { return false }
        let end = range.lowerBound + 22
        for offset in range.lowerBound..<end where !isSymbol(text.byte(at: offset)) {
            return false
        }
        return text.byte(at: end) == padding && text.byte(at: end + 1) == padding
    }

    /// Returns the symbol for the lowest six bits.
    private static func symbol(_ bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 0x3F)
        return switch value {
        case ..<26: UInt8(ascii: "A") + value
        case ..<52: UInt8(ascii: "a") + (value - 26)
        case ..<62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func isSymbol(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
