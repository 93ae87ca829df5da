/// Orders messages and keeps names. Each loop has a broker of its own, and all of them lead to the
/// same place: the memory of one process, or a Redis.
///
/// On: its loop. Calls are carried out in the order in which they were sent, and answered in that
/// order, on that loop, after `send` has returned: by `BrokerEvents.answered`, or by `disconnected`
/// for all that have no answer by then. A call that is sent while the loop is not connected is
/// dropped. Clients receive a message only after the broker has delivered it, so that all of them
/// see the broker's order.
public protocol Broker: AnyObject {
    /// Says what the broker tells its events to: once, before the backend starts. The broker holds it
    /// until the backend stops.
    func attach(_ events: any BrokerEvents)
    /// Sends a call. All calls of one turn of the loop leave together.
    func send(_ call: BrokerCall)
    /// Ends a turn: all its calls have been sent. Called in a task of its own, never inside an event.
    func endTurn()
    /// Asks for a new look at the node's registration, which is then announced again to every loop:
    /// an answer named another epoch, or the incarnation was unknown.
    func recheckRegistration()
    /// Asks for a room to be caught up with, after which every loop is told that it is open: an
    /// answer showed that the room ends elsewhere than this node believes.
    func recheck(_ room: RoomName)
    /// Reads a piece of a room's log: `BrokerEvents.historyRead` answers, in the order of the reads, after
    /// `read` has returned. It leaves with the calls of this turn. One that is sent while the loop is not
    /// connected is dropped, and `disconnected` ends those that have no answer.
    func read(_ call: HistoryCall)
    /// Tells every node that hears a room that a user writes there: `BrokerEvents.typing` follows on each of their
    /// loops, or not. It leaves with the calls of this turn, has no answer, and is dropped while the loop is not
    /// connected.
    func typing(_ name: String, in room: RoomName)
    /// Asks for a room to be heard by this loop: `BrokerEvents.roomOpened` follows, on every loop, or
    /// on this loop alone if the room is open already; or `roomRefused`, on this loop. A loop enters a
    /// room once until it leaves it. It may do so whether it is connected or not, but not before the
    /// backend has started.
    func enter(_ room: RoomName)
    /// Ends this loop's interest in a room, if there is any. After no loop of the node has been
    /// interested in the room for `Limits.roomLinger`, the node forgets it: `BrokerEvents.roomClosed`
    /// follows, on every loop.
    func leave(_ room: RoomName)
}

/// A call to the broker on behalf of one loop's sessions.
public enum BrokerCall: Sendable, Hashable {
    /// Asks for names.
    case claims(ClaimCall)
    /// Gives a name up.
    case release(Release)
    /// Puts messages into a room's order.
    case publish(PublishCall)
    /// Has names join and leave rooms.
    case presence(PresenceCall)
}

/// The answer to the oldest unanswered call.
public enum BrokerAnswer: Sendable, Hashable {
    /// The answer to a call of claims.
    case claims(ClaimAnswer)
    /// The answer to a release: the name no longer belongs to the login.
    case released
    /// The answer to a publish.
    case publish(PublishAnswer)
    /// The answer to a call of names that join and leave rooms.
    case presence(PresenceAnswer)
    /// The answer to any call that was turned away before anything was written; `reason` is for
    /// people.
    case refused(reason: String)
}

/// A node's current registration with its broker.
public struct Registration: Sendable, Hashable {
    /// The epoch in which the node is registered.
    public let epoch: Epoch
    /// The incarnation as which it is registered.
    public let incarnation: Incarnation
    /// Whether the epoch is in its grace: new logins have to wait.
    public let isGrace: Bool

    /// Makes a registration.
    public init(epoch: Epoch, incarnation: Incarnation, isGrace: Bool) {
        self.epoch = epoch
        self.incarnation = incarnation
        self.isGrace = isGrace
    }
}
