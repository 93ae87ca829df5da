/// The key with which a client masks the payload of one frame (RFC 6455, section 5.3), and how much
/// of the payload it has been applied to: a payload may be unmasked in parts of any size.
public struct MaskingKey: Hashable, Sendable {
    /// Layout: the key's four bytes, rotated so that the one for the next payload byte is the
    /// lowest.
    private var bits: UInt32

    /// Makes the key whose first byte on the wire is the lowest of `bits`. Clients pass random
    /// bits: the next key must not be predictable (RFC 6455, section 10.3).
    public init(_ bits: UInt32) {
        self.bits = bits
    }

    /// The four bytes as they travel in the header, the first in the lowest byte.
    var wireOrder: UInt32 { bits }

    /// Takes a byte of the key from a header; after four bytes the first is the lowest.
    mutating func read(_ byte: UInt8) {
        bits = bits >> 8 | UInt32(byte) << 24
    }

    /// Masks or unmasks, which is the same operation, the next bytes of the payload in place: those
    /// of `bytes` in `range`.
    ///
    /// Cost: one pass, 16 bytes at a time, and then eight.
    public mutating func apply(to bytes: inout MutableRawSpan, in range: Range<Int>) {
        // The standard library checks slices of unsafe buffers only in debug builds.
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount)
        // In a little-endian word the byte at the lowest address has the lowest bits.
        let word = (UInt64(bits) << 32 | UInt64(bits)).littleEndian
        bytes.withUnsafeMutableBytes { all in
            let payload = UnsafeMutableRawBufferPointer(rebasing: all[range])
            var offset = 0
            let words = SIMD2(repeating: word)
            while payload.count - offset >= 16 {
                let masked = payload.loadUnaligned(fromByteOffset: offset, as: SIMD2<UInt64>.self)
                payload.storeBytes(
                    of: masked ^ words,
                    toByteOffset: offset,
                    as: SIMD2<UInt64>.self
                )
                offset += 16
            }
            while payload.count - offset >= 8 {
                let masked = payload.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                payload.storeBytes(of: masked ^ word, toByteOffset: offset, as: UInt64.self)
                offset += 8
            }
            while offset < payload.count {
                payload[offset] ^= UInt8(truncatingIfNeeded: bits)
                bits = bits >> 8 | bits << 24
                offset += 1
            }
        }
    }
}
