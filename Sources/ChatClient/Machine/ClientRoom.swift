import ChatCore

/// A room that the client wants to be in.
struct ClientRoom {
    enum Phase: Hashable {
        /// A `join` is to be sent, not before this instant.
        case out(notBefore: Instant)
        /// The `join` has no answer yet. What comes of the room belongs to an earlier stay.
        case asked(at: Instant)
        case inside
    }

    let name: String
    /// How many of the newest messages the client wants if it has no position.
    var history: Int?
    var phase = Phase.out(notBefore: .distantPast)
    /// The call that waits for the first `joined`.
    var call: CallNumber?
    /// Whether the client leaves as soon as its `join` is answered.
    var isLeaving = false
    /// The wish to be in the room again, after that.
    var next: (history: Int?, call: CallNumber)?
    /// Whether the client stays out until its reader has caught up.
    var isBehind = false
    /// Whether the client is in the room for its older messages only, because its reader has to catch up: what
    /// is said meanwhile comes when the client joins again with its position.
    var isVisit = false
    var position: RoomPosition?
    /// The last number of the newest `gap`: the next message has the number after it.
    var lostUpTo: UInt64?
    var presence: RoomPresence?
    var typedAt = Instant.distantPast

    var isInside: Bool { phase == .inside && !isLeaving }

    /// Returns the room as it is after the end of its socket; nil if it was to be left. A node that has refused
    /// a `join` for now has told when to ask again, over whichever socket.
    func interrupted() -> ClientRoom? {
        guard !isLeaving else { return afterLeaving }
        var room = self
        room.isVisit = false
        if case .out = phase {} else { room.phase = .out(notBefore: .distantPast) }
        return room
    }

    /// The room that the client wants to be in when it has left this one, if it does.
    var afterLeaving: ClientRoom? {
        next.map { ClientRoom(name: name, history: $0.history, call: $0.call) }
    }

    /// Takes a `joined`. Returns what the application is told.
    mutating func joined(at place: RoomPosition, _ message: HeardMessage) -> RoomEvent {
        let continues = position.map { $0.seq == place.seq && $0.mid == place.mid } ?? false
        position = place
        lostUpTo = nil
        phase = .inside
        presence = message.count.map {
            RoomPresence(count: Int(clamping: $0), members: message.members, joined: [], left: [])
        }
        return .joined(RoomJoined(position: place, continues: continues, presence: presence))
    }

    /// Takes an entry with a place in the room's order. Returns false if it does not come next: it is not taken.
    mutating func move(to seq: UInt64, _ mid: String) -> Bool {
        guard let stood = position else { return true }
        guard seq > 0, seq - 1 == max(lostUpTo ?? 0, stood.seq) else { return false }
        position = RoomPosition(epoch: stood.epoch, seq: seq, mid: mid)
        lostUpTo = nil
        return true
    }

    mutating func reset(to place: RoomPosition) {
        position = place
        lostUpTo = nil
    }

    /// Takes who has come and gone, or who is there on the whole. Returns the whole.
    mutating func present(_ message: HeardMessage) -> RoomPresence {
        var news = RoomPresence(
            count: Int(clamping: message.count ?? 0),
            members: message.members,
            joined: message.joined ?? [],
            left: message.left ?? []
        )
        if news.members == nil, message.joined != nil || message.left != nil {
            news.members = presence?.members.map { members in
                members.filter { !news.left.contains($0) && !news.joined.contains($0) }
                    + news.joined
            }
        }
        presence = news
        return news
    }
}

/// A call for older messages.
struct HistoryRequest {
    /// The call that waits; nil after it was cancelled.
    var call: CallNumber?
    let room: String
    let before: UInt64?
    let limit: Int?
    /// The `id` of the request, by which a refusal is known.
    let id: String
    /// When the application has asked.
    let since: Instant
    var isAsked = false
    var askedAt = Instant.distantPast
    var notBefore = Instant.distantPast
}
