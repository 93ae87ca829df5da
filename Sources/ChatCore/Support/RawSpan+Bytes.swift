/// Looks into bytes. All are bounds-checked.
extension RawSpan {
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
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
