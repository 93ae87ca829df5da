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
