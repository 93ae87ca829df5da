import Testing

@testable import ChatCore

/// Tests comparisons of several bytes at a time against comparisons byte by byte.
@Suite struct JSONBytesTests {
    static let words: [StaticString] = [
        "", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "abcdefghi",
        "abcdefghijk", "abcdefghijklm", "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnopq",
    ]

    @Test func `a word is found at each offset, and each wrong byte in it is`() {
        for word in Self.words {
            let text = word.withUTF8Buffer { Array($0) }
            for offset in 0..<9 {
                let before = [UInt8](repeating: 0x7A, count: offset)
                #expect(registrationChanged(word, in: before + text, at: offset), "\(word)")
                for wrong in text.indices {
                    var bytes = before + text
                    bytes[offset + wrong] ^= 0x80
                    #expect(!registrationChanged(word, in: bytes, at: offset), "\(word), \(wrong)")
                }
            }
        }
    }

    @Test func `bytes are the same only if each of them is, and there are as many`() {
        for length in 0..<40 {
            let bytes = (0..<length).map { UInt8($0) }
            #expect(isSame(bytes, bytes))
            #expect(!isSame(bytes, bytes + [0]))
            for wrong in bytes.indices {
                var other = bytes
                other[wrong] ^= 0x80
                #expect(!isSame(bytes, other), "\(wrong) of \(length)")
            }
        }
    }

    @Test func `whitespace is skipped wherever it may stand, and nothing else is`() {
        for byte in UInt8(0)...0x20 {
            let isSpace = [0x09, 0x0A, 0x0D, 0x20].contains(byte)
            for text in ["<{<}<", #"<{<"a"<:<1<,<"b"<:<[<1<,<2<]<}<"#] {
                let bytes = text.utf8.map { $0 == UInt8(ascii: "<") ? byte : $0 }
                var scanner = JSONScanner()
                scanner.skipWhitespace(bytes.span.bytes)
                let isJSON = (try? scanner.value(bytes.span.bytes)) != nil
                let isAtEnd = (try? scanner.end(bytes.span.bytes)) != nil
                #expect((isJSON && isAtEnd) == isSpace, "\(byte)")
            }
        }
    }

    private func registrationChanged(_ word: StaticString, in bytes: [UInt8], at offset: Int)
        -> Bool
    {
        bytes.span.bytes.equals(word, at: offset)
    }

    private func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.span.bytes.equals(right.span.bytes)
    }
}
