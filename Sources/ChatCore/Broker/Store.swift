/// The rules of names and rooms as data: what Redis's scripts do, in Swift.
///
/// The memory broker's heart, and what the scripts are held against. Time is handed in. On: one
/// owner; not shared.
public struct Store {
    /// How much of a room is kept.
    public struct Retention: Sendable {
        let messages: Int
        let bytes: Int
        let milliseconds: Int64

        /// Messages, bytes and age; whichever is least.
        public init(
            messages: Int = Limits.historyMessages,
            bytes: Int = Limits.historyBytes,
            age: Duration = Limits.historyAge
        ) {
            self.messages = messages
            self.bytes = bytes
            self.milliseconds = age.inNanoseconds / 1_000_000
        }
    }

    /// The reign of this data set.
    public let epoch: UInt64
    let retention: Retention
    private var lastFence: UInt64
    var nodes: Set<Incarnation> = []
    var names: [String: NameRecord] = [:]
    var rooms: [RoomName: RoomLog] = [:]

    /// An empty data set. Its epoch is the Unix second of its beginning, so that a later one is
    /// higher whatever has been lost; fences begin where no earlier epoch's can have got to.
    public init(epoch: UInt64, retention: Retention = .init()) {
        self.epoch = epoch
        self.retention = retention
        lastFence = epoch << 20
    }

    /// Makes a process known: only a known one may claim.
    public mutating func register(_ incarnation: Incarnation) {
        nodes.insert(incarnation)
    }

    mutating func nextFence() -> UInt64 {
        lastFence += 1
        return lastFence
    }
}
