/// A message a session has accepted and that has no place in a room's order yet.
public struct Draft: Sendable {
    /// The session that hears what becomes of it.
    public let sender: SocketID
    /// Where it is to go.
    public let room: RoomName
    /// `{"type":"chat","username":U,"value":V}` and the room where it is not the lobby.
    public let body: [UInt8]

    /// A message on its way to a room.
    public init(sender: SocketID, room: RoomName, body: [UInt8]) {
        self.sender = sender
        self.room = room
        self.body = body
    }
}

/// A draft with what proves that its sender may speak: put on when the call is sent, not when the
/// draft was made, so that a name that has moved on meanwhile is noticed.
public struct SealedDraft: Sendable {
    /// The name's key and what the sender holds of it.
    public let proof: Proof
    /// The number within the lineage.
    public let n: UInt64
    /// The message.
    public let draft: Draft

    /// A draft as the `n`-th message of a holding.
    public init(proof: Proof, n: UInt64, draft: Draft) {
        self.proof = proof
        self.n = n
        self.draft = draft
    }
}

/// One call: messages of one room, in the order in which they are to stand there.
public struct PublishCall: Sendable {
    /// Where all of them go.
    public let room: RoomName
    /// At most `Limits.batchMessages`.
    public let drafts: [SealedDraft]

    /// A batch for one room.
    public init(room: RoomName, drafts: [SealedDraft]) {
        self.room = room
        self.drafts = drafts
    }
}

/// What became of one message.
public enum PublishVerdict: Hashable, Sendable {
    /// It stands in the room's order at `seq`; `ms` is when, since 1970.
    case accepted(seq: UInt64, ms: Int64)
    /// This `n` had been accepted before. Its place is known if it is the lineage's newest.
    case duplicate(seq: UInt64?)
    /// `n` is not the next one; `expected` is. Not used.
    case gap(expected: UInt64)
    /// The name has passed on to somebody else. Not used.
    case fenced
}

/// The answer to a call.
public enum PublishAnswer: Hashable, Sendable {
    /// One verdict a message, in the call's order.
    case verdicts([PublishVerdict])
    /// Nothing of the call was written; what to tell people.
    case unavailable(reason: String)
}
