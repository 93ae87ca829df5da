import Foundation

/// Computes what a server must answer to a WebSocket's key (RFC 6455 §4.2.2), independently of the
/// server's own code, which is being tested.
enum AcceptKey {
    static func answer(to key: String) -> String {
        let text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        return Data(sha1(Array(text.utf8))).base64EncodedString()
    }

    /// Returns the SHA-1 digest of a message (RFC 3174, method 1).
    private static func sha1(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        padded += bytes(UInt64(message.count) * 8)
        var hash: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        for start in stride(from: 0, to: padded.count, by: 64) {
            let words = stride(from: start, to: start + 64, by: 4).map { place in
                padded[place..<place + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
            add(words, to: &hash)
        }
        return hash.flatMap { bytes($0) }
    }

    private static func add(_ block: [UInt32], to hash: inout [UInt32]) {
        var words = block
        for t in 16..<80 {
            words.append(left(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1))
        }
        var (a, b, c, d, e) = (hash[0], hash[1], hash[2], hash[3], hash[4])
        for t in 0..<80 {
            let (f, k): (UInt32, UInt32) =
                switch t {
                case ..<20: ((b & c) | (~b & d), 0x5A82_7999)
                case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case ..<60: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            (a, b, c, d, e) = (left(a, 5) &+ f &+ e &+ words[t] &+ k, a, left(b, 30), c, d)
        }
        for (index, value) in [a, b, c, d, e].enumerated() { hash[index] &+= value }
    }

    private static func left(_ value: UInt32, _ count: UInt32) -> UInt32 {
        value << count | value >> (32 - count)
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
