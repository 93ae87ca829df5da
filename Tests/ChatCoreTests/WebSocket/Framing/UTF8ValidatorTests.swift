import ChatCore
import TestSupport
import Testing

/// Tests the validator against the standard library.
@Suite struct UTF8ValidatorTests {
    /// The bytes at the boundaries in the table of RFC 3629, section 4, and some between them.
    static let edges: [UInt8] = [
        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
        0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ]

    @Test func `all sequences of one and two bytes are judged right`() {
        for first in UInt8.min ... .max {
            check([first])
            for second in UInt8.min ... .max { check([first, second]) }
        }
    }

    @Test func `sequences of three and four bytes are judged right`() {
        for first in Self.edges where first >= 0xC2 {
            for second in Self.edges {
                for third in Self.edges {
                    check([first, second, third])
                    for fourth: UInt8 in [0x7F, 0x80, 0xBF, 0xC0] {
                        check([first, second, third, fourth])
                    }
                }
            }
        }
    }

    @Test func `random sequences of four bytes are judged right`() {
        var random = Seed.generator
        for _ in 0..<10_000 {
            let bits = UInt32(truncatingIfNeeded: random.next())
            // Lead and continuation bytes in their places, with random low bits.
            let likely = bits & 0x073F_3F3F | 0xF080_8080
            check((0..<4).map { UInt8(truncatingIfNeeded: likely >> (24 - $0 * 8)) })
            check((0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - $0 * 8)) })
        }
    }

    static let badCharacters: [[UInt8]] = [
        [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82, 0x41],
    ]

    @Test func `the first bad byte is the first that nothing can follow`() {
        for first in UInt8.min ... .max {
            for second in Self.edges {
                for bytes in [[first, second], [first, second, 0x80], [first, second, 0x41]] {
                    var validator = UTF8Validator()
                    let accepted = bytes.indices.prefix { validator.accept(bytes[$0...$0]) }.count
                    let hoped = bytes.indices.prefix { isBeginningOfUTF8(Array(bytes[...$0])) }
                    #expect(accepted == hoped.count, "\(bytes)")
                }
            }
        }
    }

    @Test(arguments: badCharacters)
    func `a bad byte is found at every place, however the text is split`(bad: [UInt8]) {
        for place in 0..<40 {
            let prefix = [UInt8](repeating: 0x61, count: place)
            let bytes = prefix + bad + [UInt8](repeating: 0x61, count: 20)
            // The number of bytes that can still become a character; the next byte makes that
            // impossible.
            let good = bytes.indices.first { !isBeginningOfUTF8(Array(bytes[...$0])) } ?? 0
            for split in bytes.indices {
                var validator = UTF8Validator()
                let first = validator.accept(bytes[..<split])
                #expect(first == (split <= good), "place \(place), split \(split)")
                guard first else { continue }
                let second = validator.accept(bytes[split...])
                #expect(!second, "place \(place), split \(split)")
            }
        }
    }

    /// Compared with the standard library in texts of any length: sixteen bytes at a time, the rest
    /// after them, and a start in the middle of a character.
    @Test func `a character is judged right wherever it stands in a text of any length`() {
        let characters: [[UInt8]] =
            Self.badCharacters + ["é", "€", "😀"].map { Array($0.utf8) } + [[0x80], [0xE2, 0x82]]
        for character in characters {
            for length in 0..<50 {
                for place in 0...length {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    bytes.insert(contentsOf: character, at: place)
                    check(bytes, splitAt: place + 1)
                }
            }
        }
    }

    private func check(_ bytes: [UInt8], splitAt split: Int) {
        let isGood = isUTF8(bytes)
        if UTF8Validator.isValid(bytes.span.bytes) != isGood { Issue.record("\(bytes) whole") }
        var validator = UTF8Validator()
        let isAccepted = validator.accept(bytes[..<split]) && validator.accept(bytes[split...])
        if (isAccepted && validator.isAtBoundary) != isGood {
            Issue.record("\(bytes) split at \(split)")
        }
    }

    @Test func `a good text is good however it is split`() {
        let text = Array(
            "ASCII for a while, then é€😀, and \u{7FF}\u{800}\u{FFFF}\u{10FFFF}, end".utf8
        )
        for first in text.indices {
            for second in first..<text.count {
                var validator = UTF8Validator()
                var isGood = validator.accept(text[..<first])
                #expect(validator.isAtBoundary == isUTF8(Array(text[..<first])))
                isGood = validator.accept(text[first..<second]) && isGood
                isGood = validator.accept(text[second...]) && isGood
                #expect(isGood && validator.isAtBoundary, "split at \(first) and \(second)")
            }
        }
    }

    /// Checks the bytes as a whole and one at a time.
    private func check(_ bytes: [UInt8]) {
        let isGood = isUTF8(bytes)
        if UTF8Validator.isValid(bytes.span.bytes) != isGood { Issue.record("\(bytes) whole") }
        var validator = UTF8Validator()
        let isAccepted = bytes.indices.allSatisfy { validator.accept(bytes[$0...$0]) }
        if (isAccepted && validator.isAtBoundary) != isGood { Issue.record("\(bytes) bytewise") }
    }
}

extension UTF8Validator {
    fileprivate mutating func accept(_ bytes: ArraySlice<UInt8>) -> Bool {
        accept(bytes.span.bytes)
    }
}
