/// One run of one node's process: what names are held by. A restarted node is another one, so that
/// nothing it did before is taken for something it does now.
public struct Incarnation: Hashable, Sendable, CustomStringConvertible {
    private let bits: RandomBits

    /// Draws a new one, at process start.
    public init(using generator: inout some RandomNumberGenerator) {
        bits = RandomBits(using: &generator)
    }

    /// Reads the text of one back.
    ///
    /// Fails: nil for anything but 32 lower-case hexadecimal digits.
    public init?(_ text: String) {
        guard let bits = RandomBits(text) else { return nil }
        self.bits = bits
    }

    /// 32 lower-case hexadecimal digits, as keys and other nodes have it.
    public var description: String { bits.text }

    /// Appends the text.
    public func append(to out: inout OutputSpan<UInt8>) { bits.append(to: &out) }

    /// How many bytes `append` writes.
    public static var byteCount: Int { RandomBits.byteCount }
}
