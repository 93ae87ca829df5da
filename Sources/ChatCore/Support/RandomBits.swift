/// An identifier of 128 random bits, written as 32 lower-case hexadecimal digits: unique without
/// any coordination between processes.
struct RandomBits: Hashable, Sendable {
    /// The number of bytes that `append` writes.
    static let byteCount = 32

    private let bits: UInt128

    init(using generator: inout some RandomNumberGenerator) {
        bits = UInt128(generator.next()) << 64 | UInt128(generator.next())
    }

    init(high: UInt64, low: UInt64) {
        bits = UInt128(high) << 64 | UInt128(low)
    }

    /// Reads an identifier from its text.
    ///
    /// Fails: nil for anything but 32 lower-case hexadecimal digits, so that a value has only one
    /// text.
    init?(_ text: String) {
        guard text.utf8.count == Self.byteCount else { return nil }
        var bits: UInt128 = 0
        for byte in text.utf8 {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            bits = bits << 4 | UInt128(digit)
        }
        self.bits = bits
    }

    var text: String {
        String(unsafeUninitializedCapacity: Self.byteCount) { buffer in
            var out = OutputSpan(buffer: buffer, initializedCount: 0)
            append(to: &out)
            return out.finalize(for: buffer)
        }
    }

    func append(to out: inout OutputSpan<UInt8>) {
        var shift = UInt128.bitWidth
        while shift > 0 {
            shift -= 32
            out.append(bytesOf: Self.text(of: UInt32(truncatingIfNeeded: bits >> UInt128(shift))))
        }
    }

    /// Returns the eight digits of 32 bits in memory order, computed all at once, one in each byte.
    private static func text(of bits: UInt32) -> UInt64 {
        var digits = UInt64(bits)
        digits = (digits << 16 | digits) & 0x0000_FFFF_0000_FFFF
        digits = (digits << 8 | digits) & 0x00FF_00FF_00FF_00FF
        digits = (digits << 4 | digits) & 0x0F0F_0F0F_0F0F_0F0F
        let ones: UInt64 = 0x0101_0101_0101_0101
        // 1 where a digit is 10 or more: adding 6 carries into the upper half of its byte.
        let letters = (digits + ones * 6) >> 4 & ones
        let gap = UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
        return (digits + ones * UInt64(UInt8(ascii: "0")) + letters * gap).bigEndian
    }
}
