/// The fate of a message, as its sender is told.
public enum Settlement: Sendable, Hashable {
    /// The message is in its room's order.
    case accepted(Acceptance)
    /// The message was not accepted, and will not be; `reason` is for people.
    case refused(reason: String)
    /// The message was not accepted, because another number of its login is due.
    case outOfOrder(expected: UInt64)
    /// The message takes another one back, which is refused. The client may use its number for another message,
    /// unless the removal comes too soon: then it asks for the same one later.
    case notRemoved(RemovalRefusal)
    /// The message was not accepted, and will not be: its sender's name has passed on.
    case lost
    /// Its fate cannot be found out: its sender's name has passed on while the answer was outstanding, or
    /// while it was sent again because the answer got lost.
    case unknown
}

/// The place of a message, as far as it is known.
public struct Acceptance: Sendable, Hashable {
    /// The message's id.
    public let mid: MessageID
    /// Its number in its room's order; nil if an answer got lost, or if the message was accepted
    /// before and is not its login's newest.
    public let seq: UInt64?
    /// The time of its acceptance in milliseconds since 1970; nil if it is not known.
    public let ms: Int64?
    /// Whether the message had been accepted before, under the same number.
    public let isRepeated: Bool

    /// Makes the place of a message.
    public init(mid: MessageID, seq: UInt64?, ms: Int64? = nil, isRepeated: Bool = false) {
        self.mid = mid
        self.seq = seq
        self.ms = ms
        self.isRepeated = isRepeated
    }

    /// Returns the place of the message `count` later that was accepted together with this one.
    func advanced(by count: Int) -> Acceptance {
        Acceptance(
            mid: MessageID(producer: mid.producer, n: mid.n + UInt64(count)),
            seq: seq.map { $0 + UInt64(count) },
            ms: ms,
            isRepeated: isRepeated
        )
    }
}
