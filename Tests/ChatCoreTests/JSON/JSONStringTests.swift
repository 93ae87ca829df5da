import Testing

@testable import ChatCore

@Suite struct JSONStringTests {
    private func decode(_ token: [UInt8]) throws -> String? { try JSONToken(token).decoded }

    private func decode(_ text: String) throws -> String? { try decode(Array(text.utf8)) }

    @Test(arguments: [
        (#""""#, ""), (#""alice""#, "alice"), ("\"é 😀 日本\"", "é 😀 日本"), (#""\u0061""#, "a"),
        (#""\"\\\/""#, #""\/"#), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"),
        (#""x\u0000y""#, "x\u{0}y"),
        (#""\u00e9\u00E9""#, "éé"), (#""\u20ac\uFFFF""#, "€\u{FFFF}"), (#""\ud83d\ude00""#, "😀"),
        (#""a\uD83D\uDE00b""#, "a😀b"), (#""\udbff\udfff""#, "\u{10FFFF}"),
        (#""\\u0061""#, #"\u0061"#),
        (#""é\n😀""#, "é\n😀"), (#""\ud7ff\ue000""#, "\u{D7FF}\u{E000}"),
        (#""\u0061\u0308""#, "a\u{308}"),
        (#""\ufeffa""#, "\u{FEFF}a"),
    ])
    func `a string says what its escapes stand for`(_ token: String, _ text: String) throws {
        // Compared by scalars, because canonically equivalent strings are equal.
        let decoded = try #require(try decode(token))
        #expect(Array(decoded.unicodeScalars) == Array(text.unicodeScalars))
    }

    @Test(arguments: [
        #""\ud800""#, #""\udbff""#, #""\udc00""#, #""\udfff""#, #""a\ud800b""#, #""\ud800\ud800""#,
        #""\udc00\ud800""#, #""\ud800\u0061""#, #""\ud800\n""#, #""\ud83d\ude00\ud83d""#,
        #""\ud83d \ude00""#, #""\ud83d\\ude00""#, #""\ud83dxude00""#,
    ])
    func `half a surrogate pair makes no text`(_ token: String) throws {
        #expect(try decode(token) == nil)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
            [0xFF],
        ] as [[UInt8]]
    )
    func `bytes that are not UTF-8 make no text`(_ bad: [UInt8]) throws {
        let quote = UInt8(ascii: "\"")
        #expect(try decode([quote] + bad + [quote]) == nil)
        #expect(try decode([quote] + bad + Array("\\n".utf8) + [quote]) == nil)
    }

    @Test func `every scalar survives being escaped`() throws {
        for value in stride(from: UInt32(0), through: 0x10FFFF, by: 97) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            var token = "\""
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                token += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            #expect(try decode(token + "\"") == String(scalar))
        }
    }

    @Test(arguments: [
        "\"type\"", #""t\u0079pe""#, #""\u0074\u0079\u0070\u0065""#, #""typ\u0065""#,
        #""\u0074ype""#,
    ])
    func `a key is the same however it is escaped`(_ token: String) throws {
        let string = try JSONToken(Array(token.utf8))
        #expect(string.string.hasEscapes == token.contains("\\"))
        #expect(string.equals("type"))
        #expect(!string.equals("typ"))
        #expect(!string.equals("types"))
        #expect(!string.equals("tape"))
        #expect(!string.equals(""))
    }

    @Test(arguments: [
        #""""#, #""Type""#, #""typ""#, #""types""#, #""t\u0079p""#, #""t\u0079pes""#,
        #""t\\u0079pe""#,
        #""type\u0000""#, #""\ud800ype""#, #""\u0174ype""#, #""\n""#, #""type ""#, #""typ\t""#,
        #""t\u0059pe""#, "\"t\u{443}pe\"",
    ])
    func `another key is another key`(_ token: String) throws {
        let string = try JSONToken(Array(token.utf8))
        #expect(!string.equals("type"))
    }

    @Test func `a key that is only canonically equivalent is another key`() throws {
        // The Kelvin sign is equal to K as a String.
        let string = try JSONToken(Array(#""\u212A""#.utf8))
        #expect(!string.equals("K"))
    }
}
