import TestSupport
import Testing

@testable import ChatCore

@Suite struct LoginSecretTests {
    /// FIPS 180-4's examples, and the values of `sha256sum`.
    @Test(arguments: [
        ("", "e3b0c442 98fc1c14 9afbf4c8 996fb924 27ae41e4 649b934c a495991b 7852b855"),
        ("abc", "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad"),
        (
            String(repeating: "a", count: 55),
            "9f4390f8 d30c2dd9 2ec9f095 b65e2b9a e9b0a925 a5258e24 1c9f1e91 0f734318"
        ),
    ])
    func `a digest is that of the standard`(message: String, digest: String) {
        let words = SHA256.digest(ofShort: message.utf8.span.bytes)
        let texts = (0..<8).map { index in
            let text = String(words[index], radix: 16)
            return String(repeating: "0", count: 8 - text.count) + text
        }
        #expect(texts.joined(separator: " ") == digest)
    }

    @Test func `a login's id is half of the digest of its secret's text`() throws {
        // printf 00112233445566778899aabbccddeeff | sha256sum
        let secret = try #require(LoginSecret("00112233445566778899aabbccddeeff"))
        #expect(secret.text == "00112233445566778899aabbccddeeff")
        #expect(LoginID(secret).description == "5947d7c33d783f94b3b4c1a96ebc8991")
        #expect(LoginID(LoginID(secret).description) == LoginID(secret))
    }
}
