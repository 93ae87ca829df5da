/// Where messages go to and come back from: one of these stands on each loop.
///
/// On: its loop, and its answers and deliveries come on that loop through `BrokerEvents`. Answers
/// come in the order of the calls, after the call has returned, and never before the broker knows.
/// Nothing is delivered locally that the broker has not delivered: the order that everybody sees
/// is the broker's.
public protocol Broker: AnyObject {
    /// Puts messages into a room's order. Answered by `published`.
    ///
    /// At most one call per room is in flight: what arrives meanwhile leaves with the answer.
    func publish(_ call: PublishCall)
}

/// What a broker tells its loop.
public protocol BrokerEvents: AnyObject {
    /// The answer to the oldest unanswered call for this room.
    func published(_ room: RoomName, _ answer: PublishAnswer)
}
