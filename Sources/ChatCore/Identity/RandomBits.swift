/// 128 random bits and their text, 32 lower-case hexadecimal digits: what makes an identifier
/// unique without asking anybody.
struct RandomBits: Hashable, Sendable {
    private static let digits = 32

    private let bits: UInt128

    init(using generator: inout some RandomNumberGenerator) {
        bits = UInt128(generator.next()) << 64 | UInt128(generator.next())
    }

    /// Fails: nil for anything but 32 lower-case hexadecimal digits: one value, one text.
    init?(_ text: String) {
        guard text.utf8.count == Self.digits else { return nil }
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
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func append(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.digits) { text in
            for index in text.indices {
                let shift = UInt128(4 * (Self.digits - 1 - index))
                let digit = UInt8(truncatingIfNeeded: bits >> shift) & 0xF
                text[index] =
                    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            bytes.append(contentsOf: UnsafeBufferPointer(text))
        }
    }
}
