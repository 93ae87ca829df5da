public import ChatCore

/// Tells one socket of a client from those before and after it.
public struct SocketNumber: Hashable, Sendable {
    let value: UInt64
}

/// Tells one call of the application from the others. The caller of the machine chooses the numbers.
public struct CallNumber: Hashable, Sendable {
    /// The number.
    public let value: UInt64

    /// Makes a number.
    public init(_ value: UInt64) { self.value = value }
}

/// The answer to a message that was accepted.
public struct Receipt: Hashable, Sendable {
    /// The message's id for good; nil if the answer that had it was lost.
    public let mid: String?
    /// The number in its room; nil if the answer that had it was lost.
    public let seq: UInt64?
    /// When it was accepted, in milliseconds since 1970; nil if the answer that had it was lost.
    public let timestampMs: UInt64?
}

/// The answer to a login.
public struct LoginAnswer: Hashable, Sendable {
    /// The name in the spelling that the node shows.
    public let username: String
    /// The node that has answered.
    public let node: String
    /// Whether the login goes on where an earlier one was.
    public let isResumed: Bool
    /// The secret with which another process may go on with this login later.
    public let session: String?
}

/// Older messages of a room.
public struct RoomHistoryPage: Hashable, Sendable {
    /// The entries of the page, oldest first: messages, and removals.
    public let items: [RoomEvent]
    /// The number of the first item; nil if there are none. It is the next call's `before`.
    public let firstSeq: UInt64?
    /// Whether older ones may be kept.
    public let hasMore: Bool
}

/// A client reports a change of its state to its user.
public enum ClientStatus: Hashable, Sendable {
    /// A socket is open.
    case connected
    /// The connection has ended; the next attempt is made after a while.
    case interrupted(ConnectionEnd, retryIn: Duration)
    /// The node has granted the name.
    case loggedIn(LoginAnswer)
    /// The name was lost, for example as `lease_lost`; the client logs in again by itself.
    case nameLost(reason: String)
    /// The node refuses the name for good, as `taken` for example. The client hears its rooms and cannot
    /// speak until the application logs in again.
    case nameRefused(reason: String, message: String)
    /// The node has lost touch with Redis.
    case degraded
    /// The node has Redis again.
    case recovered
    /// The node is leaving; the client moves to another one without an interruption.
    case moving(reason: String)
    /// The token expires after this time; the application logs in again with a new one.
    case tokenExpiring(Duration)
    /// The client has ended for good.
    case ended(ConnectionEnd)
}

extension ClientMachine {
    /// An action that the machine asks its owner for. The owner carries effects out in order.
    public enum Effect: Sendable {
        /// Open a socket.
        case open(SocketNumber)
        /// Send a text.
        case send(SocketNumber, [UInt8])
        /// Begin the closing handshake.
        case close(SocketNumber)
        /// Cut a socket that does not answer.
        case cut(SocketNumber)
        /// Call `tick` at this instant, or a little later; it replaces the instant before.
        case wake(Instant)
        /// Tell the application of a room.
        case tell(RoomEvent, room: String)
        /// A room's events are over: the client was refused, or is closed (nil).
        case finish(room: String, ChatClientError?)
        /// Tell the application how the client fares.
        case report(ClientStatus)
        /// The client has ended, and reports nothing more.
        case end
        /// Answer a call.
        case answer(CallNumber, Result<Answer, ChatClientError>)
    }

    /// The answers to calls.
    public enum Answer: Hashable, Sendable {
        /// It is done.
        case done
        /// A message was accepted.
        case receipt(Receipt)
        /// A name was granted.
        case login(LoginAnswer)
        /// Older messages.
        case page(RoomHistoryPage)
    }
}
