/// Base64 (RFC 4648, section 4), for the two short values of the handshake.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )
    private static let padding = UInt8(ascii: "=")

    /// The text for the bytes, padded.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
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
        bytes.reserveCapacity(symbols.count / 4 * 3)
        for start in stride(from: 0, to: symbols.count, by: 4) {
            var bits = 0
            var count = 0
            while count < 4, let value = value(of: symbols[start + count]) {
                bits = bits << 6 | value
                count += 1
            }
            let isLast = start + 4 == symbols.count
            guard count == 4 || isLast && count >= 2,
                symbols[(start + count)..<(start + 4)].allSatisfy({ $0 == padding })
            else { return nil }
            bits <<= (4 - count) * 6
            // Eight bits are carried by two symbols, sixteen by three: what is left over is zero.
            guard bits & (0xFF_FFFF >> ((count - 1) * 8)) == 0 else { return nil }
            for index in 0..<count - 1 {
                bytes.append(UInt8(truncatingIfNeeded: bits >> (16 - index * 8)))
            }
        }
        return bytes
    }

    private static func value(of symbol: UInt8) -> Int? {
        switch symbol {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(symbol - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(symbol - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(symbol - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
