/// The rooms that a node hears, because one of its loops or the node itself wants to.
///
/// A loop wants to hear a room from `enter` to `leave`. After the last interest has ended the room
/// lingers, so that a client that comes back in a moment finds it open; then it is forgotten.
///
/// On: the loop that keeps the node's rooms.
public struct RoomInterests: Sendable {
    /// The consequence of a loop's interest.
    public enum Entry: Sendable, Hashable {
        /// The node begins to hear the room.
        case first
        /// The node hears the room already, or is about to.
        case again
        /// The node hears as many rooms as it can, and the loop has not entered.
        case refused
    }

    private struct Interest {
        var loops: [Int] = []
        /// When the last interest ended; nil while there is one.
        var unwantedSince: Instant?
    }

    private var rooms: [RoomName: Interest] = [:]
    /// The rooms in which the node itself is interested.
    private let ownRooms: [RoomName]
    /// The rooms whose last interest ended, and when. A room that was entered since is among them.
    private var unwanted = FIFO<(room: RoomName, since: Instant)>()
    /// The room that was found last; nil: none, or it is forgotten.
    private var latest: RoomName?
    private let linger: Duration
    private let maxRooms: Int

    /// Makes the interests of a node that is itself interested in some rooms for ever. `linger` is the
    /// time from the last interest in a room until it is forgotten.
    public init(
        of ownRooms: [RoomName] = [.lobby],
        linger: Duration = Limits.roomLinger,
        maxRooms: Int = Limits.roomsPerNode
    ) {
        self.ownRooms = ownRooms
        self.linger = linger
        self.maxRooms = maxRooms
        for room in ownRooms { rooms[room] = Interest() }
    }

    /// The number of rooms that the node hears.
    public var count: Int { rooms.count }
    /// When `takeForgotten` has something to return, or a little earlier.
    public var due: Instant { unwanted.first.map { $0.since + linger } ?? .distantFuture }

    /// Returns whether the node hears a room.
    ///
    /// Cost: no hash if it is the room that was asked for last.
    public mutating func contains(_ room: RoomName) -> Bool {
        if let latest, latest == room { return true }
        guard rooms[room] != nil else { return false }
        latest = room
        return true
    }

    /// Begins a loop's interest in a room. It does not begin twice.
    public mutating func enter(_ room: RoomName, loop: Int) -> Entry {
        guard var interest = rooms[room] else {
            guard rooms.count < maxRooms else { return .refused }
            rooms[room] = Interest(loops: [loop])
            return .first
        }
        interest.unwantedSince = nil
        if !interest.loops.contains(loop) { interest.loops.append(loop) }
        rooms[room] = interest
        return .again
    }

    /// Ends a loop's interest in a room, if there is any.
    public mutating func leave(_ room: RoomName, loop: Int, now: Instant) {
        guard var interest = rooms[room], let index = interest.loops.firstIndex(of: loop) else {
            return
        }
        interest.loops.remove(at: index)
        if interest.loops.isEmpty, !ownRooms.contains(room) {
            interest.unwantedSince = now
            unwanted.append((room, now))
        }
        rooms[room] = interest
    }

    /// Removes and returns the rooms that have been without an interest for long enough.
    public mutating func takeForgotten(now: Instant) -> [RoomName] {
        var forgotten: [RoomName] = []
        while let next = unwanted.first, next.since + linger <= now {
            _ = unwanted.popFirst()
            // Otherwise the room was entered since, and perhaps left again later.
            guard rooms[next.room]?.unwantedSince == next.since else { continue }
            rooms[next.room] = nil
            if latest == next.room { latest = nil }
            forgotten.append(next.room)
        }
        return forgotten
    }
}
