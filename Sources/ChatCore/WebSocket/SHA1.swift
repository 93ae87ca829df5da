/// SHA-1 (RFC 3174), where a protocol asks for it and it protects nothing: in the handshake it
/// proves that the server speaks WebSocket, and Redis calls a script by it.
public enum SHA1 {
    /// The 20 bytes of the digest.
    public static func digest(_ message: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        let padded = padded(message)
        for start in stride(from: 0, to: padded.count, by: 64) {
            addBlock(padded[start..<start + 64], to: &state)
        }
        return state.flatMap(bigEndianBytes)
    }

    /// A one bit, zeros up to a multiple of 64 bytes, and the length in bits (section 4).
    private static func padded(_ message: [UInt8]) -> [UInt8] {
        var padded = message
        padded.append(0x80)
        while padded.count % 64 != 56 { padded.append(0) }
        padded += bigEndianBytes(UInt64(message.count) * 8)
        return padded
    }

    /// Section 6.1. The words of a block stand on the stack: every client that comes pays for two.
    private static func addBlock(_ block: ArraySlice<UInt8>, to state: inout [UInt32]) {
        var words = InlineArray<80, UInt32>(repeating: 0)
        for t in 0..<16 {
            let start = block.startIndex + t * 4
            words[t] =
                UInt32(block[start]) << 24 | UInt32(block[start + 1]) << 16
                | UInt32(block[start + 2]) << 8 | UInt32(block[start + 3])
        }
        for t in 16..<80 {
            words[t] = rotate(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], by: 1)
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for t in 0..<80 {
            let (mix, constant) = round(t, b, c, d)
            let next = rotate(a, by: 5) &+ mix &+ e &+ words[t] &+ constant
            (e, d, c, b, a) = (d, c, rotate(b, by: 30), a, next)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }

    /// The function and the constant of a step (section 5).
    private static func round(
        _ t: Int,
        _ b: UInt32,
        _ c: UInt32,
        _ d: UInt32
    ) -> (mix: UInt32, constant: UInt32) {
        switch t {
        case ..<20: ((b & c) | (~b & d), 0x5A82_7999)
        case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case ..<60: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
    }

    private static func rotate(_ word: UInt32, by count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }

    private static func bigEndianBytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) }
    }
}
