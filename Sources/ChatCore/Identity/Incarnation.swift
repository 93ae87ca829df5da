/// Identifies one start of a node's process, which is the holder of names. A restarted node is
/// another incarnation, so that nothing it did before the restart is attributed to it afterwards.
public struct Incarnation: Hashable, Sendable, CustomStringConvertible {
    private let bits: RandomBits

    /// Draws a new incarnation, at the start of the process.
    public init(using generator: inout some RandomNumberGenerator) {
        bits = RandomBits(using: &generator)
    }

    /// Reads an incarnation from its text.
    ///
    /// Fails: nil for anything but 32 lower-case hexadecimal digits.
    public init?(_ text: String) {
        guard let bits = RandomBits(text) else { return nil }
        self.bits = bits
    }

    /// The incarnation as 32 lower-case hexadecimal digits, as in keys and as other nodes write it.
    public var description: String { bits.text }

    /// Appends the text of the incarnation.
    public func append(to out: inout OutputSpan<UInt8>) { bits.append(to: &out) }

    /// The number of bytes that `append` writes.
    public static var byteCount: Int { RandomBits.byteCount }
}
