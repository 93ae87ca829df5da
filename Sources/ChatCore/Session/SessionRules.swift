/// The rules that hold for every session of a node.
public final class SessionRules: Sendable {
    /// The node's label, sent in `logged_in`.
    public let node: String
    /// The keys of names that no client may claim.
    public let reservedKeys: Set<String>
    /// The limits on what one client may send.
    public let rates: RateLimit.Policy
    /// The limits on what one client asks of rooms.
    public let rooms: RoomLimits
    /// The time between two pings of a silent client, which it is told.
    public let pingInterval: Duration

    /// Makes the rules of a node.
    public init(
        node: String,
        reservedNames: [Username] = [],
        rates: RateLimit.Policy = .init(),
        rooms: RoomLimits = .init(),
        pingInterval: Duration = Limits.pingInterval
    ) {
        self.node = node
        self.reservedKeys = Set(reservedNames.map(\.key))
        self.rates = rates
        self.rooms = rooms
        self.pingInterval = pingInterval
    }
}
