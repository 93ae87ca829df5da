/// A draft with what proves that its sender may speak: put on when the call is sent, not when the
/// draft was made, so that a name that has moved on meanwhile is noticed.
public struct SealedDraft: Sendable, Hashable {
    /// The folded name.
    public let key: String
    /// The login.
    public let session: SessionID
    /// What it was granted.
    public let fence: UInt64
    /// The possession of the name that it was granted.
    public let lineage: Lineage
    /// The number within the lineage.
    public let n: UInt64
    /// The message.
    public let draft: Draft

    /// A draft as the `n`-th message of a holding.
    public init(
        key: String,
        session: SessionID,
        fence: UInt64,
        lineage: Lineage,
        n: UInt64,
        draft: Draft
    ) {
        self.key = key
        self.session = session
        self.fence = fence
        self.lineage = lineage
        self.n = n
        self.draft = draft
    }

    /// What is compared with the name's record, without anything to count references of.
    struct Proof {
        let session: SessionID
        let fence: UInt64
        let lineage: Lineage
        let n: UInt64
    }

    var proof: Proof { Proof(session: session, fence: fence, lineage: lineage, n: n) }

    /// What names the message, if it is accepted.
    public var mid: MessageID { MessageID(lineage: lineage, n: n) }
}

/// One call: messages of one room, in the order in which they are to stand there.
public struct PublishCall: Sendable, Hashable {
    /// Under which reign.
    public let reign: Reign
    /// The process whose logins speak.
    public let incarnation: Incarnation
    /// Where all of them go.
    public let room: RoomName
    /// The newest message there that the caller has heard or was told to be accepted: a room that ends
    /// before it, or with another message of that number, takes nothing. Nil: the caller does not
    /// hear the room, and it takes the message only if it has a top.
    public let position: Position?
    /// At most `Limits.batchMessages`.
    public let drafts: [SealedDraft]

    /// A batch for one room.
    public init(
        reign: Reign,
        incarnation: Incarnation,
        room: RoomName,
        position: Position?,
        drafts: [SealedDraft]
    ) {
        self.reign = reign
        self.incarnation = incarnation
        self.room = room
        self.position = position
        self.drafts = drafts
    }
}

/// What became of one message.
public enum PublishVerdict: Hashable, Sendable {
    /// It stands in the room's order at `seq`.
    case accepted(seq: UInt64)
    /// This `n` had been accepted before. Its place is known if it is the lineage's newest.
    case duplicate(seq: UInt64?)
    /// `n` is not the next one; `expected` is. Not used.
    case gap(expected: UInt64)
    /// The name is not, or no longer, the sender's. Not used.
    case fenced
}

/// The answer to a call.
public enum PublishAnswer: Hashable, Sendable {
    /// One verdict a message, in the call's order; `ms` is when, since 1970.
    case verdicts([PublishVerdict], ms: Int64)
    /// The room has no top, or another one than the caller's position allows: it has to be caught up
    /// with, which mends it. Nothing was written.
    case otherHistory
    /// Nothing was written.
    case otherReign
}
