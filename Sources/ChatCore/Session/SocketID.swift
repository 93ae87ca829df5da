/// Names one client socket of one loop for as long as its session lives.
///
/// The generation tells it from whoever had the same slot before, so that an answer that comes
/// late is not given to somebody else.
public struct SocketID: Hashable, Sendable, CustomStringConvertible {
    /// The place in the loop's tables.
    public let slot: Int32
    /// How many had that place before.
    public let generation: UInt32

    /// The `generation`-th holder of a slot.
    public init(slot: Int32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// As it stands in the log.
    public var description: String { "\(slot).\(generation)" }
}
