/// One uninterrupted ownership of a user name, from a fresh claim to logout or to somebody else's
/// claim: the part of a message's id that tells apart the messages of two owners of one name.
public struct Lineage: Hashable, Sendable, CustomStringConvertible {
    /// 36^8 is 2^41: enough for the owners of one name, and short, for it is sent with every message.
    private static let length = 8
    private static let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    /// 36 to the power of 8.
    private static let variety = 2_821_109_907_456

    /// The characters, the first in the lowest byte.
    private let packed: UInt64

    /// Draws a new one, at a fresh claim.
    public init(using generator: inout some RandomNumberGenerator) {
        // All eight from one number: asking the system for each would be a call for each.
        var rest = Int.random(in: 0..<Self.variety, using: &generator)
        var packed: UInt64 = 0
        for _ in 0..<Self.length {
            packed = packed << 8 | UInt64(Self.alphabet[rest % Self.alphabet.count])
            rest /= Self.alphabet.count
        }
        self.packed = packed
    }

    /// Reads the text of one back.
    ///
    /// Fails: nil for anything but 8 characters of `0-9 a-z`.
    public init?(_ text: String) {
        self.init(text.utf8.span.bytes)
    }

    init?(_ text: RawSpan) {
        guard text.byteCount == Self.length else { return nil }
        let packed = UInt64(littleEndian: text.unsafeLoadUnaligned(as: UInt64.self))
        for index in 0..<Self.length {
            switch text.byte(at: index) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): break
            default: return nil
            }
        }
        self.packed = packed
    }

    /// 8 characters of `0-9 a-z`.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.length) { buffer in
            var out = OutputSpan(buffer: buffer, initializedCount: 0)
            append(to: &out)
            return out.finalize(for: buffer)
        }
    }

    /// How many bytes `append` writes.
    public static var byteCount: Int { length }

    /// Appends the text.
    public func append(to out: inout OutputSpan<UInt8>) {
        out.append(bytesOf: packed.littleEndian)
    }
}
