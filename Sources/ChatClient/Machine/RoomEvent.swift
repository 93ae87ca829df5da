/// A place in a room's order, as a client keeps it to come back to.
public struct RoomPosition: Hashable, Sendable {
    /// In which epoch the number was given. The text means something to nodes only.
    public let epoch: String
    /// The number in the room: 1, 2, 3 …; 0 before the first message.
    public let seq: UInt64
    /// The id of the message at that place.
    public let mid: String

    /// Makes a position from its parts.
    public init(epoch: String, seq: UInt64, mid: String) {
        self.epoch = epoch
        self.seq = seq
        self.mid = mid
    }
}

/// A message that was said in a room.
public struct ChatMessage: Hashable, Sendable {
    /// The sender's name.
    public let username: String
    /// The value as it was written, in JSON.
    public let json: String
    /// The number in the room; nil for a message that was published past the nodes.
    public let seq: UInt64?
    /// When it got its number, in milliseconds since 1970, by the broker's clock.
    public let timestampMs: UInt64?
    /// The message's id for good.
    public let mid: String?

    /// The value's text, if the value is a string.
    public var text: String? { HeardMessage.text(ofJSON: json) }
}

/// A message was taken back.
public struct ChatRemoval: Hashable, Sendable {
    /// The number of the removal itself, or of the removed message if that has no place any more.
    public let seq: UInt64
    /// The id of the removal itself, or of the removed message.
    public let mid: String
    /// The number of the removed message; nil if the entry stands in the message's place.
    public let removedSeq: UInt64?
    /// The id of the removed message; nil if the entry stands in the message's place.
    public let removedMid: String?
    /// Who has removed it, if that is known.
    public let by: String?
    /// Why, in words for people.
    public let reason: String?
    /// When, in milliseconds since 1970.
    public let timestampMs: UInt64?
}

/// Who is present in a room.
public struct RoomPresence: Hashable, Sendable {
    /// How many names are present.
    public internal(set) var count: Int
    /// The names, in the order in which they came; nil if more are present than are told, or if they are
    /// not known yet.
    public internal(set) var members: [String]?
    /// Who has joined since the event before.
    public internal(set) var joined: [String]
    /// Who has left since the event before.
    public internal(set) var left: [String]
}

/// An entry of a room's order of a kind that this version of the client does not know.
public struct OtherEntry: Hashable, Sendable {
    /// Its type.
    public let type: String
    /// Its number in the room.
    public let seq: UInt64
    /// Its id.
    public let mid: String
    /// The whole message, in JSON.
    public let json: String
}

/// The client is in the room: at first, and again after each lost connection.
public struct RoomJoined: Hashable, Sendable {
    /// The position before what follows.
    public let position: RoomPosition
    /// Whether what follows continues what the client had: nothing is missing but what a `gap` tells. It is
    /// false at first, and if the room's history is another one: then messages that the client had may be
    /// gone, and come again under their ids.
    public let continues: Bool
    /// Who is present; nil if the node does not know it yet.
    public let presence: RoomPresence?
}

/// What a client hears of a room, in order. Nothing is missing in silence.
public enum RoomEvent: Hashable, Sendable {
    /// The client is in the room.
    case joined(RoomJoined)
    /// What the client had missed has come; what follows is live.
    case synced(seq: UInt64)
    /// Something was said.
    case chat(ChatMessage)
    /// A message was taken back.
    case removed(ChatRemoval)
    /// An entry of a kind that this client does not know.
    case other(OtherEntry)
    /// These messages are lost to this client.
    case gap(ClosedRange<UInt64>)
    /// What the client has after this position is void; what is still known of it follows, under its `mid`.
    case reset(RoomPosition)
    /// Others have come or gone.
    case presence(RoomPresence)
    /// These users are typing.
    case typing([String])
}
