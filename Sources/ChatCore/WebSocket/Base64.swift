/// Base64 (RFC 4648, section 4), for the two short values of the handshake.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )
    private static let padding = UInt8(ascii: "=")

    /// The text for the bytes, padded.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << ((3 - group.count) * 8)
            for index in 0..<4 {
                let symbol = alphabet[bits >> (18 - index * 6) & 0x3F]
                text.append(index <= group.count ? symbol : padding)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of the text, or nil unless it is exactly what `encode` makes: padded, nothing
    /// between, and the bits that carry nothing zero.
    static func decode(_ text: String) -> [UInt8]? {
        let symbols = Array(text.utf8)
        guard symbols.count.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: symbols.count, by: 4) {
            let group = symbols[start..<start + 4].prefix { $0 != padding }
            guard group.count >= 2 else { return nil }
            var bits = 0
            for symbol in group {
                guard let value = alphabet.firstIndex(of: symbol) else { return nil }
                bits = bits << 6 | value
            }
            bits <<= (4 - group.count) * 6
            for index in 0..<group.count - 1 {
                bytes.append(UInt8(truncatingIfNeeded: bits >> (16 - index * 8)))
            }
        }
        return encode(bytes) == text ? bytes : nil
    }
}
