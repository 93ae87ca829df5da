/// Identifies one uninterrupted possession of a user name, from a fresh claim until a logout or
/// until another login claims it. As part of a message's id it tells apart the messages of
/// successive holders of one name.
public struct ProducerID: Hashable, Sendable, CustomStringConvertible {
    /// The number of characters. 36^8 is 2^41: enough for the holders of one name, and short,
    /// because the id is sent with every message.
    private static let length = 8
    private static let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    /// The number of different ids: 36 to the power of 8.
    private static let variety = 2_821_109_907_456

    /// Layout: the characters, the first in the lowest byte.
    private let packed: UInt64

    /// Draws a new id, at a fresh claim.
    public init(using generator: inout some RandomNumberGenerator) {
        // All eight characters come from one random number, to ask the system for randomness only
        // once.
        var rest = Int.random(in: 0..<Self.variety, using: &generator)
        var packed: UInt64 = 0
        for _ in 0..<Self.length {
            packed = packed << 8 | UInt64(Self.alphabet[rest % Self.alphabet.count])
            rest /= Self.alphabet.count
        }
        self.packed = packed
    }

    /// Reads an id from its text.
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

    /// The id as 8 characters of `0-9 a-z`.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.length) { buffer in
            var out = OutputSpan(buffer: buffer, initializedCount: 0)
            append(to: &out)
            return out.finalize(for: buffer)
        }
    }

    /// The number of bytes that `append` writes.
    public static var byteCount: Int { length }

    /// Appends the text of the id.
    public func append(to out: inout OutputSpan<UInt8>) {
        out.append(bytesOf: packed.littleEndian)
    }
}
