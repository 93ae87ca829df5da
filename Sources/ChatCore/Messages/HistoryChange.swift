/// What clients that know positions are told of a room's history, in its place among the messages.
public enum HistoryChange: Sendable, Hashable {
    /// A new epoch of the room, or a history that was replaced within one. What a client has up to the
    /// position stands; what it has after that is void, and what is still known of it follows.
    case reset(Position)
    /// The messages with these numbers are lost to the clients.
    case gap(ClosedRange<UInt64>)
}
