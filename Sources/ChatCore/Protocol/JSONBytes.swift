/// The looks into bytes that the scanner, strings and the writer share. All are bounds-checked.
extension RawSpan {
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The first quote, backslash or control character at or after `offset`, or the end: what
    /// RFC 8259 section 7 does not allow unescaped inside a string.
    ///
    /// Cost: eight bytes a step. In the words below a byte's top bit says that it is one of them. A
    /// borrow can set bits wrongly, but only above one set rightly, and the lowest is what counts.
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

    /// The value of four hexadecimal digits, or nil if there are none here.
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

    /// Whether `word` stands at `offset`; the caller has made sure that there are as many bytes.
    @inline(__always)
    func equals(_ word: StaticString, at offset: Int) -> Bool {
        for index in 0..<word.utf8CodeUnitCount
        where byte(at: offset + index) != word.utf8Start[index] {
            return false
        }
        return true
    }
}
