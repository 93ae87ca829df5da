/// What a session has beyond its name, once its client hears rooms that it has asked for or wants to know
/// what became of its messages. Layout: an object, so that any other session pays one word for it.
final class Conversation {
    /// A room that the client hears, or will as soon as this node does.
    struct Room {
        let name: RoomName
        var state: State
        var isHeard: Bool {
            if case .heard = state { true } else { false }
        }

        /// How far a room has come. Layout: a word, because a client is in many rooms for long.
        indirect enum State {
            /// The node does not hear it yet; the client begins there then.
            case awaited(Session.Start)
            case heard
        }
    }

    /// A message that is not settled yet, and what its answer is to carry.
    struct Receipt {
        let tag: DraftTag
        let id: [UInt8]?
        var n: UInt64 { tag.n ?? 0 }
    }

    /// The rooms, in the order of the requests.
    var rooms: [Room] = []
    /// Limits how often a client joins.
    var joins = TokenBucket()
    /// The rooms that the client has begun and that are not charged yet. A room shows only when it is heard
    /// that it is new: a client may get into debt, and then begins no further one.
    var newRooms: Int32 = 0
    /// What only a client needs that begins rooms, takes messages back or says that its user writes. Layout: an
    /// object, so that any other client pays one word for it.
    private var rare: Rare?

    private final class Rare {
        var begun = TokenBucket()
        var removals = TokenBucket()
        var typing = TokenBucket()
        /// The nanoseconds until the client may begin rooms again, as of its last request; 0: it may.
        var newRoomDebtNanoseconds: Int64 = 0
    }

    private func withRare<Answer>(_ body: (Rare) -> Answer) -> Answer {
        let rare = rare ?? Rare()
        self.rare = rare
        return body(rare)
    }

    /// The time until the client may begin rooms again, as of its last request; nil: it may.
    var newRoomDebt: Duration? {
        guard let rare, rare.newRoomDebtNanoseconds > 0 else { return nil }
        return .nanoseconds(rare.newRoomDebtNanoseconds)
    }
    /// The room of the messages that are not settled yet.
    var room = RoomName.lobby
    /// The number of messages that the client has not numbered.
    private var ownCount: UInt64 = 0
    /// The receipts of messages that are not settled yet.
    private var receipts: [Receipt] = []
    /// Whether the client numbers its messages; nil: it has not sent one since its login.
    private var isNumbering: Bool?
    /// The highest number that was accepted since the login, of a client that numbers.
    private(set) var acked: UInt64 = 0

    /// Charges the rooms that the client has begun, unless there is no limit: then the rate is nil.
    func settleNewRooms(at rate: TokenBucket.Rate?, now: Instant) {
        guard let rate, newRooms > 0 || rare != nil else { return }
        withRare {
            let debt = $0.begun.charge(Double(newRooms), at: rate, now: now)
            $0.newRoomDebtNanoseconds = max(0, debt)
        }
        newRooms = 0
    }

    /// Charges a removal. Returns the nanoseconds to wait, if there were too many.
    func takeRemoval(at rate: TokenBucket.Rate, now: Instant) -> Int64? {
        withRare { $0.removals.take(1, at: rate, now: now) }
    }

    /// Charges the client for saying that its user writes. Returns the nanoseconds to wait, if that was too often.
    func takeTyping(at rate: TokenBucket.Rate, now: Instant) -> Int64? {
        withRare { $0.typing.take(1, at: rate, now: now) }
    }

    /// Forgets the numbers of an earlier login. The new one goes on after a number that was accepted.
    func begin(at acked: UInt64) {
        isNumbering = nil
        self.acked = acked
    }

    /// Whether a message is numbered as the first one of its login was.
    func takes(numbered isNumbered: Bool) -> Bool {
        isNumbering == nil || isNumbering == isNumbered
    }

    /// Whether a message with this number is on its way.
    func awaits(_ n: UInt64) -> Bool { n != 0 && receipts.contains { $0.n == n } }

    /// Notes a message, and returns its tag.
    func add(id: [UInt8]?, n: UInt64, isRemoval: Bool = false) -> DraftTag {
        isNumbering = n != 0
        if n == 0 { ownCount += 1 }
        var tag = n == 0 ? DraftTag.count(ownCount) : .number(n)
        if isRemoval { tag = tag.ofRemoval(by: .author) }
        if id != nil || n != 0 { receipts.append(Receipt(tag: tag, id: id)) }
        return tag
    }

    /// Removes and returns the receipt of a settled message; nil if the client wants none.
    func takeReceipt(_ tag: DraftTag) -> Receipt? {
        guard let index = receipts.firstIndex(where: { $0.tag == tag }) else { return nil }
        return receipts.remove(at: index)
    }

    /// Notes that a number was accepted.
    func accepted(_ n: UInt64) { acked = max(acked, n) }
}
