/// SHA-1 (RFC 3174), for protocols that require it where it protects nothing: in the handshake it
/// proves that the server speaks WebSocket, and Redis identifies scripts by it.
public enum SHA1 {
    private static let blockBytes = 64

    /// Returns the 20 bytes of the digest.
    public static func digest(_ message: [UInt8]) -> [UInt8] {
        let digest = digest(of: message.span.bytes)
        return digest.indices.map { digest[$0] }
    }

    /// Returns the digest without an allocation, because every connection needs one.
    static func digest(of message: RawSpan) -> InlineArray<20, UInt8> {
        var state = State()
        let wholeBytes = message.byteCount / blockBytes * blockBytes
        for start in stride(from: 0, to: wholeBytes, by: blockBytes) {
            state.addBlock(message, at: start)
        }
        addEnd(message, from: wholeBytes, to: &state)
        let words = [state.a, state.b, state.c, state.d, state.e] as InlineArray<5, UInt32>
        return InlineArray { index in
            UInt8(truncatingIfNeeded: words[index / 4] >> UInt32(24 - index % 4 * 8))
        }
    }

    /// Adds the rest of the message, a one bit, zeros up to a multiple of 64 bytes, and the length
    /// in bits (section 4).
    private static func addEnd(_ message: RawSpan, from start: Int, to state: inout State) {
        var end = InlineArray<128, UInt8>(repeating: 0)
        let count = message.byteCount - start
        for index in 0..<count { end[index] = message.byte(at: start + index) }
        end[count] = 0x80
        let size = count + 1 + 8 <= blockBytes ? blockBytes : 2 * blockBytes
        let bits = UInt64(message.byteCount) * 8
        for index in 0..<8 {
            end[size - 1 - index] = UInt8(truncatingIfNeeded: bits >> UInt64(index * 8))
        }
        state.addBlock(end.span.bytes, at: 0)
        if size > blockBytes { state.addBlock(end.span.bytes, at: blockBytes) }
    }

    /// The five words into which all blocks are mixed, one after the other.
    private struct State {
        var a: UInt32 = 0x6745_2301
        var b: UInt32 = 0xEFCD_AB89
        var c: UInt32 = 0x98BA_DCFE
        var d: UInt32 = 0x1032_5476
        var e: UInt32 = 0xC3D2_E1F0

        /// Mixes a block in (section 6.1).
        mutating func addBlock(_ bytes: RawSpan, at start: Int) {
            var words = InlineArray<80, UInt32>(repeating: 0)
            for t in 0..<16 {
                let offset = start + t * 4
                words[t] = UInt32(
                    bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
                )
            }
            for t in 16..<80 {
                words[t] = Self.rotate(
                    words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16],
                    by: 1
                )
            }
            let before = self
            // The functions and the constants of the steps are those of section 5.
            for t in 0..<20 { step((b & c) | (~b & d), 0x5A82_7999, words[t]) }
            for t in 20..<40 { step(b ^ c ^ d, 0x6ED9_EBA1, words[t]) }
            for t in 40..<60 { step((b & c) | (b & d) | (c & d), 0x8F1B_BCDC, words[t]) }
            for t in 60..<80 { step(b ^ c ^ d, 0xCA62_C1D6, words[t]) }
            a &+= before.a
            b &+= before.b
            c &+= before.c
            d &+= before.d
            e &+= before.e
        }

        @inline(__always)
        private mutating func step(_ mix: UInt32, _ constant: UInt32, _ word: UInt32) {
            let next = Self.rotate(a, by: 5) &+ mix &+ e &+ word &+ constant
            (e, d, c, b, a) = (d, c, Self.rotate(b, by: 30), a, next)
        }

        private static func rotate(_ word: UInt32, by count: UInt32) -> UInt32 {
            word &<< count | word &>> (32 - count)
        }
    }
}
