/// SHA-256 (FIPS 180-4, section 6.2) of short texts.
enum SHA256 {
    /// The longest message that fits into one block with its padding (section 5.1.1).
    static let maxBytes = 55

    /// Returns the eight words of the digest of a message of at most `maxBytes` bytes.
    static func digest(ofShort message: RawSpan) -> InlineArray<8, UInt32> {
        precondition(message.byteCount <= maxBytes, "the message fits into one block")
        var words = schedule(message)
        extend(&words)
        var state = initial
        for t in 0..<64 { step(&state, constants[t] &+ words[t]) }
        return InlineArray { initial[$0] &+ state[$0] }
    }

    /// The message, a one bit, zeros, and the length in bits.
    private static func schedule(_ message: RawSpan) -> InlineArray<64, UInt32> {
        var words = InlineArray<64, UInt32>(repeating: 0)
        for index in 0...message.byteCount {
            let byte = index < message.byteCount ? message.byte(at: index) : 0x80
            words[index / 4] |= UInt32(byte) << UInt32(24 - index % 4 * 8)
        }
        words[15] = UInt32(message.byteCount * 8)
        return words
    }

    private static func extend(_ words: inout InlineArray<64, UInt32>) {
        for t in 16..<64 {
            let before = words[t - 15]
            let s0 = rotate(before, by: 7) ^ rotate(before, by: 18) ^ before &>> 3
            let after = words[t - 2]
            let s1 = rotate(after, by: 17) ^ rotate(after, by: 19) ^ after &>> 10
            words[t] = words[t - 16] &+ s0 &+ words[t - 7] &+ s1
        }
    }

    /// One step; the state's words are `a` to `h` of section 6.2.2.
    private static func step(_ state: inout InlineArray<8, UInt32>, _ word: UInt32) {
        let a = state[0]
        let e = state[4]
        let s1 = rotate(e, by: 6) ^ rotate(e, by: 11) ^ rotate(e, by: 25)
        let t1 = state[7] &+ s1 &+ ((e & state[5]) ^ (~e & state[6])) &+ word
        let s0 = rotate(a, by: 2) ^ rotate(a, by: 13) ^ rotate(a, by: 22)
        let t2 = s0 &+ ((a & state[1]) ^ (a & state[2]) ^ (state[1] & state[2]))
        for index in (1..<8).reversed() { state[index] = state[index - 1] }
        state[4] &+= t1
        state[0] = t1 &+ t2
    }

    private static func rotate(_ word: UInt32, by count: UInt32) -> UInt32 {
        word &>> count | word &<< (32 - count)
    }

    /// The first state (section 5.3.3).
    private static let initial: InlineArray<8, UInt32> = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    /// A constant for each step (section 4.2.2).
    private static let constants: InlineArray<64, UInt32> = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5,
        0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3,
        0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc,
        0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
        0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13,
        0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3,
        0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5,
        0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208,
        0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
