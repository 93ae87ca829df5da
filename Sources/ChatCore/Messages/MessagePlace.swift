/// A message of a room: its number and its id. With one of them alone another message could be meant, because a
/// loss of data gives numbers again.
public struct MessagePlace: Sendable, Hashable {
    /// Its number when it was delivered.
    public let seq: UInt64
    /// Its id.
    public let mid: MessageID

    /// Names a message.
    public init(seq: UInt64, mid: MessageID) {
        self.seq = seq
        self.mid = mid
    }
}
