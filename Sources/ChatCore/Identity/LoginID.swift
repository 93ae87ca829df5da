/// Identifies one login, so that two logins under the same user name can be told apart.
///
/// It is 128 bits. It stands in the record of a name in Redis, and proves there that a claim comes from
/// the same login.
public struct LoginID: Hashable, Sendable, CustomStringConvertible {
    private let bits: RandomBits

    /// Draws a new id, at a login that cannot be taken over.
    public init(using generator: inout some RandomNumberGenerator) {
        bits = RandomBits(using: &generator)
    }

    /// Makes the id of the login that a secret belongs to: the first half of the SHA-256 of its text.
    /// Who reads the records in Redis does not learn what takes a name over.
    public init(_ secret: LoginSecret) {
        let digest = SHA256.digest(ofShort: secret.text.utf8.span.bytes)
        bits = RandomBits(
            high: UInt64(digest[0]) << 32 | UInt64(digest[1]),
            low: UInt64(digest[2]) << 32 | UInt64(digest[3])
        )
    }

    /// Reads an id from its text.
    ///
    /// Fails: nil for anything but 32 lower-case hexadecimal digits.
    public init?(_ text: String) {
        guard let bits = RandomBits(text) else { return nil }
        self.bits = bits
    }

    /// The id as 32 lower-case hexadecimal digits, as in the record of a name.
    public var description: String { bits.text }

    /// Appends the text of the id.
    public func append(to out: inout OutputSpan<UInt8>) { bits.append(to: &out) }

    /// The number of bytes that `append` writes.
    public static var byteCount: Int { RandomBits.byteCount }
}
