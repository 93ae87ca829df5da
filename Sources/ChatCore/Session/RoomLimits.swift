/// The limits on what one client asks of rooms besides messages, the same for every connection of a node.
public struct RoomLimits: Sendable {
    /// The most rooms that a client is in.
    let most: Int
    /// How often a client joins; nil: there is no limit.
    let joins: TokenBucket.Rate?
    /// How often a client begins a room; nil: there is no limit.
    let newRooms: TokenBucket.Rate?
    /// How often a client takes a message back; nil: there is no limit.
    let removals: TokenBucket.Rate?

    /// Makes limits of rates and bursts; a rate of 0 means no limit.
    public init(
        most: Int = Limits.roomsPerClient,
        joinsPerSecond: Double = Limits.joinRate,
        joinBurst: Double = Limits.joinBurst,
        newRoomsPerMinute: Double = Limits.newRoomsPerMinute,
        newRoomBurst: Double = Limits.newRoomBurst,
        removalsPerMinute: Double = Limits.removalsPerMinute,
        removalBurst: Double = Limits.removalBurst
    ) {
        self.most = most
        joins = .init(perSecond: joinsPerSecond, burst: joinBurst)
        newRooms = .init(perSecond: newRoomsPerMinute / 60, burst: newRoomBurst)
        removals = .init(perSecond: removalsPerMinute / 60, burst: removalBurst)
    }
}
