/// What clients of one loop ask of rooms' histories: to become a member at a place, to get older messages, or
/// to go on after reading too slowly.
///
/// A client has one request answered at a time, in their order; the next one begins when the answer to the one
/// before has left the client's socket. A request may have to wait: for pages of the room's log, which all that
/// wait for the room share, or until the node has heard as much of the room as a client that comes from a node
/// that is ahead. To tell that client at once where this node stands would send it messages a second time, and
/// say that its position is not of the room's history.
///
/// On: the loop that owns it.
public struct LogRequests {
    /// The kinds of requests.
    public enum Need: Sendable {
        /// To become a member.
        case join(Session.Start)
        /// To get older messages. The subject is what the client is told about if that is not possible.
        case history(Session.HistoryRange, Session.Subject)
        /// To go on as a member, after the position at which the client stands. It is no request of the
        /// client's own, and does not wait for those.
        case goOn(after: Position)
    }

    /// Why a request is not carried out.
    public enum Refusal: Sendable {
        /// The log cannot be read at present, or the room is gone.
        case unavailable
        /// The client has left the room.
        case notInRoom
        /// The client has as many requests waiting as it may.
        case tooMany
    }

    /// An action for the owner to carry out, in order.
    public enum Effect: Sendable {
        /// Make a client a member of a room.
        case join(SocketID, RoomName, RoomHistory.Beginning)
        /// Send a client older messages, as a JSON array.
        case history(SocketID, RoomName, items: [UInt8], hasMore: Bool)
        /// Have a member go on at a cursor, after it is told of changes of the room's history.
        case goOn(SocketID, RoomName, cursor: Int, telling: [HistoryChange])
        /// Tell a client that its request is not carried out.
        case refuse(SocketID, RoomName, Need, Refusal)
        /// Call `answered`: a client's request has been answered or refused.
        case checkSocket(SocketID)
        /// Read the page of a room's log that comes before the oldest frame of its backlog. `pageRead` answers
        /// it, or `connected`, or nothing: then it is asked for again at the next tick.
        case readPage(RoomName)
        /// Have a room caught up with, not more often than `Limits.earlyJoinInterval`: a client can name any
        /// position, and the room's members wait for messages meanwhile. `advanced` answers.
        case recheck(RoomName)
        /// Call `serve` in a later turn: more requests wait for a room than are served in one.
        case serveLater(RoomName)
        /// Forget a room, if nothing else needs it: no request waits for it any more.
        case idle(RoomName)
    }

    /// A request that cannot be answered yet.
    struct Request {
        let id: SocketID
        let room: RoomName
        let need: Need
        let since: Instant
        /// Whether the room has been caught up with since.
        var isCaughtUp = false
        /// Whether it waits for the room to be caught up with, not for a page.
        var isEarly = false

        /// Whether it is a request of the client's own.
        var isOwn: Bool { if case .goOn = need { false } else { true } }
        func isLate(at now: Instant) -> Bool { now >= since + Limits.publishPatience }
        var isJoin: Bool { if case .join = need { true } else { false } }
    }

    /// A client with a request that is being answered.
    struct Client {
        /// The requests that wait for it.
        var queue: [Request] = []
        /// The room for which it waits; nil: it does not wait for a room.
        var room: RoomName?
        /// That room, if it is to become a member of it.
        var joining: RoomName?
        /// Whether it has been answered, and the answer has not left the socket.
        var hasUnsent = false
        /// Whether it was given up. What was asked together with it has waited as long.
        var isGivenUp = false
    }

    /// What waits for a room.
    struct Waiting {
        var requests: [Request] = []
        /// The connection over which a page was asked for that has not come; nil: none was.
        var readOver: Int?
        /// Whether some were not looked at since there was something new, because a turn is short.
        var isServing = false
    }

    var clients: [SocketID: Client] = [:]
    var waiting: [RoomName: Waiting] = [:]
    /// The rooms in which clients wait to go on as members.
    var goingOn: [SocketID: [RoomName]] = [:]
    /// How often the loop has been connected: a page that was asked for before that does not come.
    private(set) var connections = 0
    /// The number of requests that wait for a room to be caught up with.
    @usableFromInline var earlyCount = 0

    /// Makes the requests of a loop that has no clients.
    public init() {}

    /// Whether requests wait for rooms to be caught up with: then `advanced` is called for what is delivered.
    ///
    /// Inlinable, because each delivered message asks for it.
    @inlinable public var hasEarly: Bool { earlyCount > 0 }

    /// Whether a request waits that is about a room.
    ///
    /// Cost: a look at each request that waits for another one of its client.
    public func needs(_ room: RoomName) -> Bool {
        waiting[room] != nil || clients.values.contains { $0.queue.contains { $0.room == room } }
    }

    /// The number of requests that wait.
    public var count: Int {
        waiting.values.reduce(0) { $0 + $1.requests.count }
            + clients.values.reduce(0) { $0 + $1.queue.count }
    }

    /// The rooms for which requests wait, in an order that is the same in every process.
    var roomsInOrder: [RoomName] { waiting.keys.sorted { $0.text < $1.text } }

    mutating func nextConnection() { connections += 1 }
}

/// Where requests find the histories of the loop's rooms.
public protocol RoomHistories {
    /// Returns what the loop has of a room; nil: it does not know the room.
    func history(of room: RoomName) -> RoomHistory?
}

// MARK: - What clients do

extension LogRequests {
    /// Takes a request. One of a client's own waits for those before it, and while the client's socket takes
    /// nothing (`isBlocked`).
    public mutating func ask(
        _ need: Need,
        of room: RoomName,
        by id: SocketID,
        isBlocked: Bool,
        now: Instant,
        in histories: some RoomHistories,
        into effects: inout [Effect]
    ) {
        let request = Request(id: id, room: room, need: need, since: now)
        guard request.isOwn else { return begin(request, now, histories, &effects) }
        guard !request.isJoin || !isJoining(id, room) else { return }
        if let client = clients[id] {
            guard request.isJoin || client.queue.count < Limits.waitingMessages else {
                return effects.append(.refuse(id, room, need, .tooMany))
            }
            clients[id]?.queue.append(request)
            // The room is caught up with while the client's other requests are answered.
            if isEarly(request, histories) { effects.append(.recheck(room)) }
        } else if isBlocked {
            clients[id] = Client(queue: [request], hasUnsent: true)
        } else {
            clients[id] = Client()
            begin(request, now, histories, &effects)
        }
    }

    /// Takes whether the last answer to a client has left its socket; the next request begins when it has.
    public mutating func answered(
        _ id: SocketID,
        hasLeft: Bool,
        now: Instant,
        in histories: some RoomHistories,
        into effects: inout [Effect]
    ) {
        guard var client = clients[id] else { return }
        client.hasUnsent = !hasLeft
        guard hasLeft, !client.queue.isEmpty else {
            clients[id] = hasLeft ? nil : client
            return
        }
        let next = client.queue.removeFirst()
        clients[id] = client
        // The time in which the ones before were answered does not count; that in which none can be does.
        let since = client.isGivenUp ? next.since : now
        let request = Request(
            id: id,
            room: next.room,
            need: next.need,
            since: since,
            isCaughtUp: next.isCaughtUp
        )
        begin(request, now, histories, &effects)
    }

    /// Takes that a client's socket has taken all that waited for it.
    public mutating func socketIsFree(
        _ id: SocketID,
        now: Instant,
        in histories: some RoomHistories,
        into effects: inout [Effect]
    ) {
        guard !clients.isEmpty, clients[id]?.hasUnsent == true else { return }
        answered(id, hasLeft: true, now: now, in: histories, into: &effects)
    }

    /// Forgets a client.
    public mutating func forget(_ id: SocketID, into effects: inout [Effect]) {
        let client = clients.removeValue(forKey: id)
        var rooms = goingOn.removeValue(forKey: id) ?? []
        if let room = client?.room { rooms.append(room) }
        for room in rooms {
            if !remove(from: room, where: { $0.id == id }).isEmpty { endIfIdle(room, &effects) }
        }
        effects += (client?.queue ?? []).map { .idle($0.room) }
    }

    /// Takes that a client leaves a room: its requests for the room end.
    public mutating func leave(_ room: RoomName, by id: SocketID, into effects: inout [Effect]) {
        guard clients[id]?.room == room || clients[id]?.queue.isEmpty == false || goingOn[id] != nil
        else { return }
        let dropped = remove(from: room) { $0.id == id }
        let queued = clients[id]?.queue.filter { $0.room == room } ?? []
        clients[id]?.queue.removeAll { $0.room == room }
        for request in dropped + queued {
            guard case .history = request.need else { continue }
            effects.append(.refuse(id, room, request.need, .notInRoom))
        }
        if dropped.contains(where: \.isOwn) { effects.append(.checkSocket(id)) }
        if !dropped.isEmpty { endIfIdle(room, &effects) }
        if !queued.isEmpty { effects.append(.idle(room)) }
    }

    /// Whether a client waits to become a member of a room.
    private func isJoining(_ id: SocketID, _ room: RoomName) -> Bool {
        guard let client = clients[id] else { return false }
        return client.joining == room
            || client.queue.contains { $0.room == room && $0.isJoin }
    }
}
