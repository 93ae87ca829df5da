/// Where messages go to and names are kept: one of these stands on each loop, and what it stands
/// before is the same for all. The memory of one process is one, a Redis is another.
///
/// On: its loop. Calls are carried out in order, and answered in that order, on that loop, after the
/// `send` has returned: by `BrokerClient.answered`, or by `linkLost` for all that have no answer then.
/// Nothing is delivered locally that the broker has not delivered: the order that everybody sees is
/// the broker's.
public protocol Broker: AnyObject {
    /// Asks for something. What is asked for in one turn of the loop leaves together.
    func send(_ call: BrokerCall)
    /// Everything this turn had to ask for has been asked for.
    func endTurn()
    /// An answer named another reign, or no such incarnation: whoever keeps the node's standing is
    /// to look, and to tell it again.
    func doubtStanding()
    /// An answer told that a room ends elsewhere than here: whoever keeps the room's order is to catch
    /// up with it, and to tell every loop where it is open then.
    func doubt(_ room: RoomName)
}

/// What one loop's sessions make of a broker.
public enum BrokerCall: Sendable, Hashable {
    /// Asks for a name.
    case claim(Claim)
    /// Gives one up.
    case release(Release)
    /// Puts messages into a room's order.
    case publish(PublishCall)
}

/// The answer to the oldest unanswered call.
public enum BrokerAnswer: Sendable, Hashable {
    /// To a claim.
    case claim(ClaimAnswer)
    /// To a release: the name is not this login's any more.
    case released
    /// To a publish.
    case publish(PublishAnswer)
    /// To any: it was turned away before anything was written. What to tell people.
    case refused(reason: String)
}

/// What a node is, to its broker, at present.
public struct Standing: Sendable, Hashable {
    /// The reign it is registered in.
    public let reign: Reign
    /// What it is registered as.
    public let incarnation: Incarnation
    /// New logins have to wait.
    public let isGrace: Bool

    /// A node's standing.
    public init(reign: Reign, incarnation: Incarnation, isGrace: Bool) {
        self.reign = reign
        self.incarnation = incarnation
        self.isGrace = isGrace
    }
}
