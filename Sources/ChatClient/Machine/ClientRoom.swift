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
    var position: RoomPosition?
    /// The last number of the newest `gap`: the next message has the number after it.
    var lostUpTo: UInt64?
    var presence: RoomPresence?
    var typedAt = Instant.distantPast

    var isInside: Bool { phase == .inside && !isLeaving }

    mutating func interrupted() {
        phase = .out(notBefore: .distantPast)
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

    /// Takes an entry with a place in the room's order. Returns what is missing before it, if the node has
    /// not said so, and whether the entry is new.
    mutating func move(to seq: UInt64, _ mid: String) -> (
        missing: ClosedRange<UInt64>?, isNew: Bool
    ) {
        guard let stood = position else { return (nil, true) }
        let before = max(lostUpTo ?? 0, stood.seq)
        guard seq > before else { return (nil, false) }
        position = RoomPosition(epoch: stood.epoch, seq: seq, mid: mid)
        lostUpTo = nil
        return (seq > before + 1 ? before + 1...seq - 1 : nil, true)
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
                members.filter { !news.left.contains($0) } + news.joined
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
