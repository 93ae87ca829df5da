/// What holds for every session of a node.
public final class SessionRules: Sendable {
    /// The node's label, told in `logged_in`.
    public let node: String
    /// Keys of names that nobody may claim.
    public let reservedKeys: Set<String>
    /// What one client may send.
    public let rates: RateLimit.Policy

    /// The rules of a node.
    public init(node: String, reservedNames: [Username] = [], rates: RateLimit.Policy = .init()) {
        self.node = node
        self.reservedKeys = Set(reservedNames.map(\.key))
        self.rates = rates
    }
}
