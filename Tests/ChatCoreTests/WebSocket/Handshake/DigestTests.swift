import TestSupport
import Testing

@testable import ChatCore

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (
            String(repeating: "01234567", count: 80), "dea356a2cddd90c7a7ecedc5ebb563934f460452"
        ),
        (String(repeating: "a", count: 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
        (String(repeating: "a", count: 56), "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
        (String(repeating: "a", count: 63), "03f09f5b158a7a8cdad920bddc29b81c18a551f5"),
        (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
    ])
    func `SHA-1 gives the digests of its standard`(text: String, hex: String) {
        let digits = SHA1.digest(Array(text.utf8)).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 0xF, radix: 16)
        }
        #expect(digits.joined() == hex)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"), ("\u{3FF}~", "z79+"), ("??>", "Pz8+"),
        ("???", "Pz8/"),
    ])
    func `base64 is that of RFC 4648`(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }

    private func isOf16Bytes(_ text: [UInt8], at range: Range<Int>) -> Bool {
        Base64.isOf16Bytes(text.span.bytes, at: range)
    }

    @Test func `the base64 of 16 bytes is recognised, wherever it is in a text`() {
        var random = Seed.generator
        for _ in 0..<1000 {
            let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Array("-\(Base64.encode(bytes))-".utf8)
            #expect(isOf16Bytes(text, at: 1..<25), "seed \(Seed.value)")
        }
    }

    /// Replaces every symbol by every byte: the accepted ones are the symbols of base64, whatever
    /// the unused bits of the last symbol.
    @Test func `no other text of the same length is recognised as 16 bytes`() {
        let right = Array("dGhlIHNhbXBsZSBub25jZQ==".utf8)
        let expected = Array(repeating: 64, count: 22) + [1, 1]
        for index in right.indices {
            var count = 0
            for byte in UInt8.min ... .max {
                var text = right
                text[index] = byte
                if isOf16Bytes(text, at: text.indices) { count += 1 }
            }
            #expect(count == expected[index], "at \(index)")
        }
    }

    @Test(arguments: ["", "Zg==", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZXNzZQ=="])
    func `a text of another length is not recognised as 16 bytes`(text: String) {
        let text = Array(text.utf8)
        #expect(!isOf16Bytes(text, at: text.indices))
    }
}
