/// A place in a room's order.
///
/// It includes the message's id, because after a failover the same number may stand for another
/// message, and only the id distinguishes the two.
public struct Position: Hashable, Sendable {
    /// The epoch in which the number was given; it grows with each restart, failover or loss of
    /// data.
    public let epoch: UInt64
    /// The message's number: 1, 2, 3 … without gaps, across epochs; 0 before the first message.
    public let seq: UInt64
    /// The id of the message at that place. An empty room has a position too, whose id is the
    /// room's birth: number 0 of a producer of its own (`MessageID.birth`).
    public let mid: MessageID

    /// Makes the position of a message.
    public init(epoch: UInt64, seq: UInt64, mid: MessageID) {
        self.epoch = epoch
        self.seq = seq
        self.mid = mid
    }
}

extension Position {
    /// Whether a client that names another position stands here: at the same message, and in the same
    /// epoch or a later one. In an earlier epoch the message may have followed others.
    public func isNamed(by other: Position) -> Bool {
        isSamePlace(as: other) && epoch <= other.epoch
    }

    /// Returns the same place in an epoch that is not earlier than this one.
    public func inEpoch(atLeast other: UInt64) -> Position {
        epoch >= other ? self : Position(epoch: other, seq: seq, mid: mid)
    }

    /// Whether another position is at the same message, in whatever epoch.
    public func isSamePlace(as other: Position) -> Bool { seq == other.seq && mid == other.mid }
}
