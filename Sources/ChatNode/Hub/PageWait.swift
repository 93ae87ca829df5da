import ChatCore

/// What a client waits for until pages of a room's log have been read.
struct PageWait {
    /// The kinds of waiting.
    enum Need {
        /// To become a member.
        case join(Session.Start)
        /// To get older messages. The subject is told if that is not possible.
        case history(Session.HistoryRange, Session.Subject)
        /// To go on as a member that has read too slowly, after the position at which it stands.
        case goOn(Position)
    }

    let id: SocketID
    let need: Need
    let since: Instant

    /// Whether it is a request of the client, of which it has one at a time.
    var isRequest: Bool {
        switch need {
        case .join, .history: true
        case .goOn: false
        }
    }
}

/// A client's request that may need pages of a room's log. A client has one at a time.
struct LogRequest {
    let room: RoomName
    let wait: PageWait
}

/// What a loop reads of rooms' logs, and for which clients.
struct LogReads {
    /// The rooms of which pages of the log are waited for.
    var roomsWithWaits: [Room] = []
    /// The rooms with pages of the log in front of their backlogs.
    var roomsWithPages: [Room] = []
    /// The requests that wait until the one before is answered, of each client that has such a request.
    var requests: [SocketID: [LogRequest]] = [:]
    /// The clients whose last answer has not left their socket yet.
    var clientsWithAnswers: Set<SocketID> = []
    /// Whether requests are given up that have waited too long.
    var isGivingUp = false
    /// How often this loop has been connected: a page that was asked for before that does not come.
    var connections = 0
    /// Where clients stand in their rooms that know positions and whose sockets take nothing more.
    var stalled: [SocketID: [(room: Room, position: Position)]] = [:]
}
