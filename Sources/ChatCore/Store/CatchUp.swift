/// Asks for what a room's log has behind a place.
public struct CatchUpCall: Sendable, Hashable {
    /// A message that the caller has had.
    public struct Mark: Sendable, Hashable {
        /// Its number when it was delivered.
        public let seq: UInt64
        /// Which it is.
        public let mid: MessageID

        /// A message by its number and its name.
        public init(seq: UInt64, mid: MessageID) {
            self.seq = seq
            self.mid = mid
        }
    }

    /// Under which reign.
    public let reign: Reign
    /// Which room.
    public let room: RoomName
    /// Where the caller is; nil: nowhere yet, it only asks for the top.
    public let position: Position?
    /// Older messages it has had, newest first: where to go on if the position proves void.
    public let marks: [Mark]
    /// Messages that are enough for one answer: the entry that they end in is the last one.
    public let limit: Int
    /// The top that the caller's position is to replace, if it is still there and the log reaches no
    /// further; nil: the position replaces nothing.
    public let replacing: FoundTop?

    /// A room's top as an answer has told it.
    public enum FoundTop: Sendable, Hashable {
        /// There was none.
        case none
        /// It was this one.
        case top(Mark)
    }

    /// A question about a room.
    public init(
        reign: Reign,
        room: RoomName,
        position: Position?,
        marks: [Mark],
        limit: Int,
        replacing: FoundTop? = nil
    ) {
        self.reign = reign
        self.room = room
        self.position = position
        self.marks = marks
        self.limit = limit
        self.replacing = replacing
    }
}

/// The answer to it.
public enum CatchUpAnswer: Sendable, Hashable {
    /// A piece of the log.
    case page(CatchUpPage)
    /// Nothing was read.
    case otherReign
}

/// A piece of a room's log.
public struct CatchUpPage: Sendable, Hashable {
    /// How the entries connect to where the caller was.
    public enum Footing: Sendable, Hashable {
        /// Proven: they are what follows the position, without a hole.
        case proven
        /// What followed the position is no longer kept: the first entry is the next one that is.
        case trimmed
        /// The position is not in this history: they follow the newest mark that is, or are all
        /// that is kept. Some of them the caller may have had. What lies before the first one is
        /// known only if its `prev` is.
        case rewound
    }

    /// How far they can be trusted to be what is missing.
    public let footing: Footing
    /// In the log's order; none is empty. The first may be the rest of what was published. Each
    /// follows the one before, but where a number was given twice: then it follows an older message.
    public let entries: [Publication]
    /// More follow.
    public let hasMore: Bool
    /// Where the room's order ends, under the reign asked; nil: nothing is known of the room, and the
    /// caller, who has a position, is to say whether it counts (`CatchUpCall.replacing`).
    public let top: Position?

    /// A piece of the log.
    public init(footing: Footing, entries: [Publication], hasMore: Bool, top: Position?) {
        self.footing = footing
        self.entries = entries
        self.hasMore = hasMore
        self.top = top
    }
}
