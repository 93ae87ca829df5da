/// A place in a room's order.
///
/// The message's id belongs to it: after a failover the same number may stand for another message,
/// and only the id tells.
public struct Position: Hashable, Sendable {
    /// The reign of the data set the number was given in; higher for each restart, failover, loss.
    public let epoch: UInt64
    /// 1, 2, 3 … without holes, across epochs; 0 before the first message.
    public let seq: UInt64
    /// The message that stands there. An empty room has a place too, named by its birth: a number 0
    /// with a lineage of its own (`MessageID.birth`).
    public let mid: MessageID

    /// A place, with the message that stands there.
    public init(epoch: UInt64, seq: UInt64, mid: MessageID) {
        self.epoch = epoch
        self.seq = seq
        self.mid = mid
    }
}
