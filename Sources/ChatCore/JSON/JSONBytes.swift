/// Reads bytes for the scanner, the strings and the writer. All reads are bounds-checked.
extension RawSpan {
    /// The first quote, backslash or control character at or after `offset`, or the end: what
    /// RFC 8259 section 7 does not allow unescaped inside a string.
    ///
    /// Cost: eight bytes per step. In `found` a byte's top bit says that the byte is one of them. A
    /// borrow can set bits wrongly, but only above one set correctly, and only the lowest is used.
    @inline(__always)
    func plainTextEnd(from offset: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var offset = offset
        while byteCount - offset >= 8 {
            let loaded = unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let found =
                ((word &- ones &* 0x20) & ~word)
                | ((quote &- ones) & ~quote)
                | ((backslash &- ones) & ~backslash)
            if found & tops != 0 { return offset + (found & tops).trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < byteCount {
            let byte = byte(at: offset)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            offset += 1
        }
        return offset
    }

    /// Returns the value of the four hexadecimal digits at `offset`, or nil if there are none.
    func hexadecimal(at offset: Int) -> UInt16? {
        guard byteCount - offset >= 4 else { return nil }
        var value: UInt16 = 0
        for index in offset..<(offset + 4) {
            let byte = byte(at: index)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value << 4 | UInt16(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | UInt16((byte | 0x20) - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
