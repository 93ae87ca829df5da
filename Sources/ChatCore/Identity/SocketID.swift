/// Identifies one client socket of one loop for as long as its session lives.
///
/// The generation tells it apart from earlier sockets in the same slot, so that a late answer does
/// not reach another session.
public struct SocketID: Hashable, Sendable, CustomStringConvertible {
    /// The index in the loop's tables.
    public let slot: Int32
    /// The number of sockets that used the slot before.
    public let generation: UInt32

    /// The id of the `generation`-th socket in a slot.
    public init(slot: Int32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// The id as it is written in the log.
    public var description: String { "\(slot).\(generation)" }
}
