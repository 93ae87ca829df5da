/// The place of a string in a JSON text, without its quotes.
///
/// It holds no bytes: each call is handed the text in which the scanner found it.
public struct JSONString: Sendable, Equatable {
    /// The range of the bytes between the quotes.
    public let range: Range<Int>
    /// Whether the string contains a backslash; if not, the bytes are its text.
    public let hasEscapes: Bool

    init(range: Range<Int>, hasEscapes: Bool) {
        self.range = range
        self.hasEscapes = hasEscapes
    }

    /// Returns the text of the string.
    ///
    /// Cost: one pass; one more copy if there are escapes.
    /// Fails: nil for an escaped surrogate without its partner (`\ud800`), which is valid JSON but
    /// not text, and for bytes that are not UTF-8.
    public func decoded(in bytes: RawSpan) -> String? {
        let content = bytes.extracting(range)
        return hasEscapes ? Self.unescaped(content) : Self.text(content)
    }

    /// Whether the string is `word`, an ASCII key or type, however it is escaped.
    ///
    /// Cost: no allocation.
    @inline(__always)
    func equals(_ word: StaticString, in bytes: RawSpan) -> Bool {
        if hasEscapes { return escapedEquals(word, bytes.extracting(range)) }
        return range.count == word.utf8CodeUnitCount && bytes.equals(word, at: range.lowerBound)
    }

    private func escapedEquals(_ word: StaticString, _ content: RawSpan) -> Bool {
        var offset = 0
        for index in 0..<word.utf8CodeUnitCount {
            guard offset < content.byteCount else { return false }
            let expected = word.utf8Start[index]
            if content.byte(at: offset) == UInt8(ascii: "\\") {
                guard let (scalar, length) = Self.escape(in: content, at: offset),
                    scalar.value == UInt32(expected)
                else { return false }
                offset += length
            } else {
                guard content.byte(at: offset) == expected else { return false }
                offset += 1
            }
        }
        return offset == content.byteCount
    }

    private static func text(_ content: RawSpan) -> String? {
        content.withUnsafeBytes { buffer in
            guard let text = try? UTF8Span(validating: buffer.bindMemory(to: UInt8.self).span)
            else { return nil }
            return String(copying: text)
        }
    }

    private static func unescaped(_ content: RawSpan) -> String? {
        var text: [UInt8] = []
        text.reserveCapacity(content.byteCount)
        var offset = 0
        while true {
            let end = content.plainTextEnd(from: offset)
            JSONWriter.append(content.extracting(offset..<end), to: &text)
            guard end < content.byteCount else { break }
            guard let (scalar, length) = escape(in: content, at: end) else { return nil }
            text.append(contentsOf: scalar.utf8)
            offset = end + length
        }
        return Self.text(text.span.bytes)
    }

    /// Returns the scalar that the escape (or the two of a surrogate pair) at `offset` stands for,
    /// and its length. Nil for half a pair, and for escapes that the scanner refuses.
    private static func escape(
        in content: RawSpan,
        at offset: Int
    ) -> (scalar: Unicode.Scalar, length: Int)? {
        guard content.byteCount - offset >= 2 else { return nil }
        switch content.byte(at: offset + 1) {
        case UInt8(ascii: "b"): return ("\u{8}", 2)
        case UInt8(ascii: "f"): return ("\u{C}", 2)
        case UInt8(ascii: "n"): return ("\n", 2)
        case UInt8(ascii: "r"): return ("\r", 2)
        case UInt8(ascii: "t"): return ("\t", 2)
        case UInt8(ascii: "u"):
            guard let unit = content.hexadecimal(at: offset + 2) else { return nil }
            if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
            guard UTF16.isLeadSurrogate(unit),
                content.byteCount - offset >= 12, content.equals("\\u", at: offset + 6),
                let trail = content.hexadecimal(at: offset + 8), UTF16.isTrailSurrogate(trail)
            else { return nil }
            return (UTF16.decode(UTF16.EncodedScalar([unit, trail])), 12)
        case let byte: return (Unicode.Scalar(byte), 2)  // `"`, `\` and `/` stand for themselves.
        }
    }
}
