/// Identifies one login, so that two logins under the same user name can be told apart.
///
/// It is 128 random bits. It stands in the record of a name in Redis, and proves there that a claim
/// comes from the same login.
public struct LoginID: Hashable, Sendable, CustomStringConvertible {
    private let bits: RandomBits

    /// Draws a new id, at a login.
    public init(using generator: inout some RandomNumberGenerator) {
        bits = RandomBits(using: &generator)
    }

    /// The id as 32 lower-case hexadecimal digits, as in the record of a name.
    public var description: String { bits.text }

    /// Appends the text of the id.
    public func append(to out: inout OutputSpan<UInt8>) { bits.append(to: &out) }

    /// The number of bytes that `append` writes.
    public static var byteCount: Int { RandomBits.byteCount }
}
