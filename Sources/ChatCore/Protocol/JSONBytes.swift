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
    ///
    /// Cost: a comparison for every eight bytes, and up to three for the rest; the word's side of them
    /// is known to the compiler.
    @inline(__always)
    func equals(_ word: StaticString, at offset: Int) -> Bool {
        let expected = UnsafeRawPointer(word.utf8Start)
        let count = word.utf8CodeUnitCount
        var index = 0
        while count - index >= 8 {
            guard hasSame(as: expected, UInt64.self, offset, &index) else { return false }
        }
        if count & 4 != 0, !hasSame(as: expected, UInt32.self, offset, &index) { return false }
        if count & 2 != 0, !hasSame(as: expected, UInt16.self, offset, &index) { return false }
        return count & 1 == 0 || hasSame(as: expected, UInt8.self, offset, &index)
    }

    /// Compares as many bytes as `Word` has, and passes them.
    @inline(__always)
    private func hasSame<Word: FixedWidthInteger & BitwiseCopyable>(
        as expected: UnsafeRawPointer,
        _: Word.Type,
        _ offset: Int,
        _ index: inout Int
    ) -> Bool {
        let at = index
        index += MemoryLayout<Word>.size
        return unsafeLoadUnaligned(fromByteOffset: offset + at, as: Word.self)
            == expected.loadUnaligned(fromByteOffset: at, as: Word.self)
    }

    /// Whether these are the same bytes.
    ///
    /// Cost: eight bytes a step.
    func equals(_ other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        var offset = 0
        while byteCount - offset >= 8 {
            guard
                unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    == other.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            else { return false }
            offset += 8
        }
        while offset < byteCount {
            guard byte(at: offset) == other.byte(at: offset) else { return false }
            offset += 1
        }
        return true
    }
}
