/// A request for what a room's log has after a position.
public struct CatchUpCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The room.
    public let room: RoomName
    /// The caller's position; nil: it has none yet, and only asks for the top.
    public let position: Position?
    /// Older messages the caller has received, newest first: where to continue if the position
    /// proves void.
    public let marks: [MessagePlace]
    /// The number of messages at which an answer is full; the entry that reaches it is the last
    /// one.
    public let limit: Int
    /// The top that the caller's position is to replace, if it is still the top and the log does
    /// not reach further; nil: the position replaces nothing.
    public let replacing: FoundTop?
    /// Whether others may have received messages that the caller lacks. The top is then replaced by a
    /// birth with the position's number: the caller cannot vouch for its message as the room's newest.
    public let mayLackMore: Bool

    /// A room's top as an earlier answer reported it.
    public enum FoundTop: Sendable, Hashable {
        /// The room had no top.
        case none
        /// The room had this top.
        case top(MessagePlace)
    }

    /// Makes a request about a room.
    public init(
        epoch: Epoch,
        room: RoomName,
        position: Position?,
        marks: [MessagePlace],
        limit: Int,
        replacing: FoundTop? = nil,
        mayLackMore: Bool = false
    ) {
        self.epoch = epoch
        self.room = room
        self.position = position
        self.marks = marks
        self.limit = limit
        self.replacing = replacing
        self.mayLackMore = mayLackMore
    }
}

/// The answer to a `CatchUpCall`.
public enum CatchUpAnswer: Sendable, Hashable {
    /// A piece of the log.
    case page(CatchUpPage)
    /// The epoch has changed; nothing was read.
    case otherEpoch
}

/// A piece of a room's log.
public struct CatchUpPage: Sendable, Hashable {
    /// How the entries connect to the caller's position.
    public enum Continuity: Sendable, Hashable {
        /// The entries follow the position without a gap; this is proven.
        case proven
        /// The message after the position is no longer kept: the first entry is the oldest one that
        /// is.
        case trimmed
        /// The position is not in this history: the entries follow the newest mark that is in it,
        /// or are all that is kept. The caller may have received some of them. The message before
        /// the first one is known only if its `prev` is.
        case rewound
    }

    /// How the entries connect to the caller's position.
    public let continuity: Continuity
    /// The entries in the log's order; none is empty. The first may be only the rest of a
    /// publication. Each follows the one before, unless a number was given twice: then it follows
    /// an older message.
    public let entries: [Publication]
    /// Whether more entries follow.
    public let hasMore: Bool
    /// The end of the room's order in the epoch of the call; nil: nothing is known of the room, and
    /// a caller that has a position decides whether it becomes the top (`CatchUpCall.replacing`).
    public let top: Position?
    /// The number of the last change of who is present in the room; 0: there was none.
    public let presence: UInt64

    /// Makes a piece of the log.
    public init(
        continuity: Continuity,
        entries: [Publication],
        hasMore: Bool,
        top: Position?,
        presence: UInt64 = 0
    ) {
        self.continuity = continuity
        self.entries = entries
        self.hasMore = hasMore
        self.top = top
        self.presence = presence
    }

    /// The newest epoch in which any of the entries was written; nil without entries.
    var newestEpoch: UInt64? { entries.lazy.map(\.epoch).max() }
}

extension MessagePlace {
    /// Whether a top may be replaced by another one: by a higher number, or a birth by a message with
    /// the same number. So no two callers replace each other's for ever.
    func givesWay(to other: MessagePlace) -> Bool {
        seq < other.seq || (seq == other.seq && mid.isBirth && !other.mid.isBirth)
    }
}
