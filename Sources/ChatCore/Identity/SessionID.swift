/// The name of a session, which is one login: what tells two logins under one user name apart.
///
/// For now 128 random bits. With `chat.v1` it becomes the SHA-256 of the secret that the client is
/// given to come back with, so that whoever reads the record of a name cannot take it over.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
    private let bits: RandomBits

    /// Draws a new one, at login.
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

    /// 32 lower-case hexadecimal digits, as the record of a name has it.
    public var description: String { bits.text }

    /// Appends the text.
    public func append(to out: inout OutputSpan<UInt8>) { bits.append(to: &out) }

    /// How many bytes `append` writes.
    public static var byteCount: Int { RandomBits.byteCount }
}
