extension Session {
    /// A fact to tell the client. The client's dialect phrases it.
    public enum Event: Sendable {
        /// The name is the client's.
        case granted(Username, by: SessionRules, Login)
        /// The client does not get the name, which is `""` if what was sent is not text.
        case notGranted(name: String, ClaimRefusal)
        /// The name that the client gave back is free.
        case released(Username)
        /// The name is no longer the client's, though it did not give it back: a newer login of its own
        /// has taken it over; or the node lost touch with the others, and the name has passed on meanwhile.
        case nameLost(Username, isReplaced: Bool)
        /// The client hears a room, and stands at this position: what follows it comes. Whether that is
        /// all since the position in the request; nil: there was none. Who is present there, if that is
        /// known.
        case joined(RoomName, Position, isRecovered: Bool?, PresenceFrames?)
        /// Everything up to a number has been sent to the client, which has joined a room.
        case synced(RoomName, seq: UInt64)
        /// A room has a new epoch, or a history that was replaced within one: what the client has up to
        /// the position stands, what it has after that is void.
        case reset(RoomName, Position)
        /// Messages with these numbers are lost to the client.
        case gap(RoomName, ClosedRange<UInt64>)
        /// Older messages of a room, as a JSON array of what its clients were sent; and whether still older
        /// ones are kept.
        case history(RoomName, items: [UInt8], hasMore: Bool)
        /// A message was accepted whose sender wants to know.
        case accepted(Acceptance, Subject)
        /// The answer to a ping.
        case pong
        /// The node has lost its broker, or has it again and has caught up with all rooms.
        case status(isDegraded: Bool)
        /// Another request was refused. `name` is the one in the request, or else the one held; nil
        /// if there is neither. `about` is what else the client needs in order to know which.
        case refused(Refusal, name: String?, about: Subject?)
    }

    /// What a client is told of its login.
    public struct Login: Sendable {
        /// What takes the name over later; nil: the client has been told before, or cannot do so.
        public var secret: LoginSecret?
        /// Whether the login goes on where an earlier one was.
        public var isResumed = false
        /// The highest number accepted of the messages under the name.
        public var acked: UInt64 = 0
    }

    /// What the answer to a request is about.
    public struct Subject: Sendable {
        /// The text that was sent as the name of a room.
        public var room: String?
        /// A string or a number of the client's choice, as it was written.
        public var id: [UInt8]?
        /// The number of a message within its login; 0: it has none.
        public var n: UInt64 = 0
    }

    /// Says why a client does not get a name.
    public enum ClaimRefusal: Sendable {
        /// Another login holds the name; `retryAfter` if it is the client's own, whose socket still stands.
        case taken(retryAfter: Duration? = nil)
        /// The name is valid JSON, but not text.
        case notText
        /// The name breaks a rule.
        case invalid(UsernameError)
        /// No client may claim the name.
        case reserved
        /// Whether the name is free cannot be found out now; `reason` is the backend's, for people.
        case unavailable(reason: String, retryAfter: Duration)
        /// Too many clients log in at present.
        case crowded(retryAfter: Duration)
    }

    /// Says why a request is not carried out.
    public enum Refusal: Sendable {
        /// The text is not a request in the client's dialect.
        case malformed(MessageFault)
        /// The request needs a login.
        case notLoggedIn
        /// The request is in another name than the one held.
        case otherName(held: Username)
        /// There was too much in too short a time.
        case tooMuch(retryAfter: Duration)
        /// The message was not accepted; `reason` is the backend's, for people.
        case unavailable(reason: String, retryAfter: Duration)
        /// What was sent is not the name of a room.
        case badRoom(RoomNameError)
        /// The client hears as many rooms as it may.
        case tooManyRooms(most: Int)
        /// The client does not hear the room.
        case notInRoom
        /// The message was not accepted, because another number of its login is due.
        case outOfOrder(expected: UInt64)
        /// The message that is to be taken back is not kept, or another one has its place.
        case noSuchMessage
        /// The message that is to be taken back is not the client's own.
        case notOwnMessage
        /// The message that is to be taken back is too old.
        case messageTooOld
        /// The reason of a removal is too long.
        case reasonTooLong
        /// The message was not accepted, because its sender's name has passed on.
        case nameLost
        /// Whether the message was accepted cannot be found out, because its sender's name has
        /// passed on.
        case fateUnknown
    }
}

extension Session.Event {
    /// Makes the event that tells of a change of a room's history.
    public init(_ change: HistoryChange, in room: RoomName) {
        switch change {
        case .reset(let position): self = .reset(room, position)
        case .gap(let numbers): self = .gap(room, numbers)
        }
    }
}
