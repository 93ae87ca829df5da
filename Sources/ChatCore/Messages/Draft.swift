/// A message that a session has accepted and that has no place in a room's order yet.
public struct Draft: Sendable, Hashable {
    /// The socket whose session is told what became of the message.
    public let sender: SocketID
    /// The room it is sent to.
    public let room: RoomName
    /// The JSON of a `chat` (`ChatBody`), or of the notice that a message was taken back (`RemovedBody`).
    public let body: [UInt8]
    /// How the session tells the message from its others.
    public let tag: DraftTag

    /// Makes a message for a room.
    public init(sender: SocketID, room: RoomName, body: [UInt8], tag: DraftTag = .none) {
        self.sender = sender
        self.room = room
        self.body = body
        self.tag = tag
    }

    /// What the message takes back; nil for a `chat`.
    var removal: Removal? {
        guard let authority = tag.authority else { return nil }
        return RemovedBody.target(in: body.span.bytes).map { Removal(of: $0, by: authority) }
    }

    /// The message as a session is told of it, alone.
    var alone: DraftSpan { DraftSpan(tag: tag, count: 1) }
}

/// Tells the messages of one session that are on their way apart. Layout: one word, because every message
/// has it.
public struct DraftTag: Sendable, Hashable {
    private var bits: UInt64

    /// The tag of a message that its session does not tell from others.
    public static let none = DraftTag(bits: 0)

    private static let ownCount: UInt64 = 1 << 63
    private static let removal: UInt64 = 1 << 62
    private static let moderation: UInt64 = 1 << 61

    private init(bits: UInt64) { self.bits = bits }

    /// The tag of a message that the client has numbered within its login: from 1 on, below `Limits.numbers`.
    public static func number(_ n: UInt64) -> DraftTag { DraftTag(bits: n) }

    /// The tag of a message that the session itself has counted.
    static func count(_ count: UInt64) -> DraftTag { DraftTag(bits: ownCount | count) }

    /// The number that the client has given the message; nil: the node numbers it.
    var n: UInt64? { bits != 0 && bits & Self.ownCount == 0 ? bits & ~Self.removal : nil }

    /// Whether the message takes another one back.
    var isRemoval: Bool { bits & Self.removal != 0 }

    /// On what grounds the message takes another one back; nil: it does not.
    var authority: Removal.Authority? {
        guard isRemoval else { return nil }
        return bits & Self.moderation != 0 ? .moderator : .author
    }

    /// Returns the tag of a message with the same number that takes another one back.
    func ofRemoval(by authority: Removal.Authority) -> DraftTag {
        DraftTag(bits: bits | Self.removal | (authority == .moderator ? Self.moderation : 0))
    }

    /// Returns the tag of the message `count` later; that of `none` is `none`.
    func advanced(by count: Int) -> DraftTag {
        bits == 0 ? self : DraftTag(bits: bits + UInt64(count))
    }
}

/// Successive messages of one session.
public struct DraftSpan: Sendable, Hashable {
    /// The first one's tag; the others' follow it.
    public let tag: DraftTag
    /// The number of messages.
    public var count: Int

    /// Makes the span of `count` messages that begins with a tag.
    public init(tag: DraftTag = .none, count: Int = 1) {
        self.tag = tag
        self.count = count
    }
}
