/// The secret of one login, which its client alone is told: a client that knows it may take the login's
/// name over, on any node.
///
/// It is 128 random bits. Nothing keeps it: the record of a name has the `LoginID` that is made from it.
public struct LoginSecret: Hashable, Sendable {
    private let bits: RandomBits

    /// Draws a new secret, at a login.
    public init(using generator: inout some RandomNumberGenerator) {
        bits = RandomBits(using: &generator)
    }

    /// Reads a secret from its text.
    ///
    /// Fails: nil for anything but 32 lower-case hexadecimal digits.
    public init?(_ text: String) {
        guard let bits = RandomBits(text) else { return nil }
        self.bits = bits
    }

    /// The secret as 32 lower-case hexadecimal digits. It belongs in no log.
    public var text: String { bits.text }
}
