/// A draft with the proof that its sender may speak. The proof is added when the call is sent, not
/// when the draft is made, so that a name that has passed on meanwhile is noticed.
public struct SealedDraft: Sendable, Hashable {
    /// The key of the sender's name, in lower case.
    public let key: String
    /// The sender's login.
    public let login: LoginID
    /// The fence of its grant.
    public let fence: UInt64
    /// The producer of its grant.
    public let producer: ProducerID
    /// The message's number within the producer.
    public let n: UInt64
    /// The message.
    public let draft: Draft

    /// Makes the `n`-th message of a producer.
    public init(
        key: String,
        login: LoginID,
        fence: UInt64,
        producer: ProducerID,
        n: UInt64,
        draft: Draft
    ) {
        self.key = key
        self.login = login
        self.fence = fence
        self.producer = producer
        self.n = n
        self.draft = draft
    }

    /// The values that are compared with the name's record. Layout: without anything
    /// reference-counted.
    struct Proof {
        let login: LoginID
        let fence: UInt64
        let producer: ProducerID
        let n: UInt64
    }

    var proof: Proof { Proof(login: login, fence: fence, producer: producer, n: n) }

    /// The message's id, if it is accepted.
    public var mid: MessageID { MessageID(producer: producer, n: n) }
}

/// A call that publishes messages of one room, in the order in which they are to stand there.
public struct PublishCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The process of the senders' logins.
    public let incarnation: Incarnation
    /// The room of all the messages.
    public let room: RoomName
    /// The newest message of the room that the caller has received or was told to be accepted: if
    /// the room ends before it, or has another message of that number, nothing is accepted. Nil:
    /// the caller does not receive the room, which accepts the message only if it has a top.
    public let position: Position?
    /// The messages, at most `Limits.batchMessages`.
    public let drafts: [SealedDraft]

    /// Makes a batch for one room.
    public init(
        epoch: Epoch,
        incarnation: Incarnation,
        room: RoomName,
        position: Position?,
        drafts: [SealedDraft]
    ) {
        self.epoch = epoch
        self.incarnation = incarnation
        self.room = room
        self.position = position
        self.drafts = drafts
    }
}

extension PublishCall {
    /// What the only message of the call takes back; nil: the messages are of `chat`. Layout: found in the
    /// message, because each call is copied several times.
    public var removal: Removal? {
        guard drafts.count == 1, drafts[0].draft.tag.isRemoval else { return nil }
        return drafts[0].draft.removal
    }
}

/// What became of one message.
public enum PublishVerdict: Hashable, Sendable {
    /// The message is at `seq` in the room's order.
    case accepted(seq: UInt64)
    /// This `n` had been accepted before. Its place is known if it is the producer's newest.
    /// Or, of a removal: the message had been taken back before, and this `n` is used.
    case duplicate(seq: UInt64?)
    /// The message was not accepted, because `n` is not the next number; `expected` is.
    case gap(expected: UInt64)
    /// The message was not accepted, because the name is not, or no longer, the sender's.
    case fenced
    /// The removal was not accepted, and its `n` is not used.
    case notRemoved(RemovalRefusal)
}

/// The answer to a `PublishCall`.
public enum PublishAnswer: Hashable, Sendable {
    /// A verdict for each message, in the call's order; `ms` is the time of the call since 1970.
    case verdicts([PublishVerdict], ms: Int64)
    /// The room has no top, or one that contradicts the caller's position: the room has to be
    /// caught up with, which repairs that. Nothing was written.
    case otherHistory
    /// The epoch has changed; nothing was written.
    case otherEpoch
}
