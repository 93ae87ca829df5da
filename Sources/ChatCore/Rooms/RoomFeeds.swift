/// The rooms that a node hears: one `Timeline` for each, from the first interest in it until the room
/// is forgotten.
///
/// A room is subscribed to, then caught up with, and is live from then on; after the last interest in it
/// has ended it lingers, and is forgotten. All rooms come over one connection, so that a cut of it is a
/// gap in each of them. The lobby is a room like others, but the node itself is interested in it.
///
/// A room has a number while it is heard, which a later room may get. Its name is hashed only where it
/// comes in, and not even there if it is the same as the last one. On: the loop of the subscription.
public struct RoomFeeds: Sendable {
    /// An action for the owner to carry out, in order.
    public enum Effect: Sendable, Hashable {
        /// Subscribe to a room. `subscribed` answers once the broker has confirmed the newest of the
        /// room's subscriptions; or nothing does, if the connection is lost: `connected` begins again.
        case subscribe(RoomName)
        /// End a room's subscription. What still comes of the room is dropped.
        case unsubscribe(RoomName)
        /// Carry out what a room's timeline wants. The ticket of a `probe` is one of the node, not of
        /// the room.
        case timeline(RoomName, Timeline.Effect)
        /// Tell one loop that a room is open, which the others know.
        case isOpen(RoomName, Position, loop: Int)
        /// Tell one loop that a room cannot be heard.
        case refused(RoomName, loop: Int)
        /// Tell every loop that an open room is no longer heard.
        case closed(RoomName)
    }

    /// A room that is heard; or a free place, if it is not used.
    struct Feed {
        var timeline: Timeline
        var isUsed = true
        /// Whether the room was ever open: then `closed` follows.
        var hasOpened = false
    }

    /// A probe that a room has asked for and that has not come back.
    struct AwaitedProbe {
        let ticket: UInt64
        let room: Int
        let ticketOfRoom: UInt64
    }

    private var interests: RoomInterests
    var feeds: [Feed] = []
    var numbers: [RoomName: Int] = [:]
    private var freeNumbers: [Int] = []
    /// The number of the room that was found last; nearly always it is the next one, too. Nil: none, or
    /// it is forgotten.
    var latest: Int?
    /// The numbers of the node's own rooms.
    private let own: Range<Int>
    var epoch: Epoch?
    /// Whether the connection is there over which rooms are subscribed to.
    var isConnected = false
    /// The highest ticket of a forgotten timeline.
    private var lastTicket: UInt64 = 0
    /// The number of the room that is compared next.
    var nextCompared = 0
    var awaitedProbes: [AwaitedProbe] = []
    var lastProbe: UInt64 = 0
    /// The memory for the effects of one event, kept between events.
    var spare: [Timeline.Effect] = []

    /// Creates the feeds of a node that is itself interested in some rooms for ever. `linger` is the
    /// time from the last interest in a room until it is forgotten.
    public init(
        of ownRooms: [RoomName] = [.lobby],
        linger: Duration = Limits.roomLinger,
        maxRooms: Int = Limits.roomsPerNode
    ) {
        interests = RoomInterests(of: ownRooms, linger: linger, maxRooms: maxRooms)
        own = ownRooms.indices
        for room in ownRooms { add(room) }
    }

    /// The rooms to subscribe to.
    public var rooms: [RoomName] { feeds.lazy.filter(\.isUsed).map(\.timeline.room) }
    /// The number of rooms that are heard, or are about to be.
    public var count: Int { interests.count }
    /// Whether all that is published in the node's own rooms reaches its clients. Other rooms do not
    /// count: one that was just entered, or cannot be read, is no reason to call the node deaf.
    public var isLive: Bool { own.allSatisfy { feeds[$0].timeline.isLive } }
    /// When `tick` has something to do, or a little earlier.
    public var due: Instant { interests.due }

    /// The highest number of each producer among the messages that were delivered lately.
    public var seen: [ProducerID: UInt64] {
        let each = max(1, Limits.seenMessages / count)
        return feeds.reduce(into: [:]) { $1.timeline.recent.note(newest: each, in: &$0) }
    }

    /// The newest message of a room that was delivered here; nil if none is known.
    func position(in room: RoomName) -> Position? {
        numbers[room].flatMap { feeds[$0].timeline.position }
    }

    /// Whether the node hears a room, or is about to.
    func hears(_ room: RoomName) -> Bool { numbers[room] != nil }
    /// Whether a question about a room is the newest one.
    func isCurrent(_ room: RoomName, ticket: UInt64) -> Bool {
        numbers[room].map { feeds[$0].timeline.ticket == ticket } ?? false
    }
}

// MARK: - Interest

extension RoomFeeds {
    /// Begins a loop's interest in a room.
    public mutating func enter(_ room: RoomName, loop: Int, into effects: inout [Effect]) {
        switch interests.enter(room, loop: loop) {
        case .refused: effects.append(.refused(room, loop: loop))
        case .first:
            add(room)
            if isConnected { effects.append(.subscribe(room)) }
        case .again:
            // One that is not live is announced when it is.
            guard let number = number(of: room), feeds[number].timeline.isLive,
                let position = feeds[number].timeline.position
            else { return }
            effects.append(.isOpen(room, position, loop: loop))
        }
    }

    /// Ends a loop's interest in a room, if there is any.
    public mutating func leave(_ room: RoomName, loop: Int, now: Instant) {
        interests.leave(room, loop: loop, now: now)
    }

    /// Forgets the rooms that have lingered for long enough.
    public mutating func tick(now: Instant, into effects: inout [Effect]) {
        for room in interests.takeForgotten(now: now) { forget(room, &effects) }
    }

    private mutating func add(_ room: RoomName) {
        var feed = Feed(timeline: Timeline(room: room, after: lastTicket))
        feed.timeline.epoch = epoch
        let number = freeNumbers.popLast() ?? feeds.count
        numbers[room] = number
        if number < feeds.count { feeds[number] = feed } else { feeds.append(feed) }
    }

    private mutating func forget(_ room: RoomName, _ effects: inout [Effect]) {
        guard let number = numbers.removeValue(forKey: room) else { return }
        if isConnected { effects.append(.unsubscribe(room)) }
        if feeds[number].hasOpened { effects.append(.closed(room)) }
        lastTicket = max(lastTicket, feeds[number].timeline.ticket)
        feeds[number] = Feed(timeline: Timeline(room: room), isUsed: false)
        freeNumbers.append(number)
        awaitedProbes.removeAll { $0.room == number }
        if latest == number { latest = nil }
    }
}
