public import ChatCore

/// What a client of `chat.v1` does: its sockets, its login, its rooms, its outbox.
///
/// It is told what happens, with the time, and appends what it wants done. It knows no socket, no clock and
/// no task; randomness is handed in. Each event ends with `goOn`, which looks at everything that may be due:
/// so no event has to remember what another one left undone.
///
/// On: its owner's loop. `takeEffects` follows each event.
public struct ClientMachine {
    /// The sockets that the rooms and the login are on.
    enum Link {
        /// It was not begun yet, or it is over.
        case idle
        case waiting(until: Instant)
        case connecting(SocketNumber)
        case open(SocketNumber)
        /// A close frame has been sent.
        case closing(SocketNumber)
    }

    /// A second socket, which is to take the place of the first because its node is leaving.
    enum Successor {
        case waiting(until: Instant)
        case connecting(SocketNumber)
    }

    /// The time of the present event.
    var now = Instant.distantPast
    var random: any RandomNumberGenerator
    var effects: [Effect] = []

    var link = Link.idle
    var successor: Successor?
    /// The socket whose successor is open, until that is logged in.
    var replaced: SocketNumber?
    var lastSocket: UInt64 = 0
    var backoff = Backoff(first: Limits.clientBackoffFirst, last: Limits.clientBackoffLast)
    /// The call that waits for the first socket, and the one that waits for the end of the last.
    var opening: CallNumber?
    var closing: [CallNumber] = []
    /// Before this instant the last socket must have been closed.
    var closeBefore: Instant?
    /// Why the client is over; nil: it is not.
    var over: ChatClientError?

    var liveness = ClientLiveness()
    var login = ClientLogin()
    var rooms: [ClientRoom] = []
    var histories: [HistoryRequest] = []
    var outbox = ClientOutbox()
    /// Whether the node has lost touch with Redis.
    var isDegraded = false
    private var lastWake = Instant.distantFuture

    /// Makes a client that has done nothing. The generator decides how long it waits before it comes back.
    public init(random: any RandomNumberGenerator) {
        self.random = random
    }

    /// How many messages have no answer yet.
    public var outboxCount: Int { outbox.count }
    /// Whether the client has a name on its present socket.
    public var isLoggedIn: Bool { login.phase == .held }
    /// Returns the position of the client in a room that it has joined.
    public func position(in room: String) -> RoomPosition? {
        rooms.first { $0.name == room }?.position
    }

    /// Returns what is to be done, in order, and forgets it.
    public mutating func takeEffects() -> [Effect] {
        defer { effects = [] }
        return effects
    }

    // MARK: Time

    /// Takes that an instant for which the machine asked has come, or that time has passed. To call it too
    /// often does no harm.
    public mutating func tick(at now: Instant) {
        self.now = now
        goOn()
    }

    /// Takes that the machine has slept: the node is asked at once whether it is there, and a client that waits
    /// to come back does so now.
    public mutating func slept(at now: Instant) {
        self.now = now
        if case .waiting = link { link = .waiting(until: now) }
        if case .open(let socket) = link, liveness.ask(at: now) {
            effects.append(.send(socket, ClientRequest.ping))
        }
        goOn()
    }

    /// Does what is due, and asks for the next instant.
    mutating func goOn() {
        guard over == nil else { return endClosing() }
        goOnConnecting()
        goOnLoggingOut()
        if case .open(let socket) = link {
            goOnLoggingIn(socket)
            goOnLeaving(socket)
            goOnJoining(socket)
            goOnReading(socket)
            if login.phase == .held {
                while let json = outbox.next(now: now) { effects.append(.send(socket, json)) }
            }
            checkLiveness(socket)
        }
        askForWake(nextInstant)
    }

    private mutating func askForWake(_ wake: Instant) {
        guard wake != lastWake else { return }
        lastWake = wake
        if wake < .distantFuture { effects.append(.wake(wake)) }
    }

    /// The next instant at which something is due.
    private var nextInstant: Instant {
        var next = Instant.distantFuture
        func consider(_ instant: Instant) { next = min(next, instant) }
        if case .waiting(let until) = link { consider(until) }
        if case .waiting(let until)? = successor { consider(until) }
        guard case .open = link else { return next }
        consider(liveness.nextInstant(awaitedSince: awaitedSince))
        if case .paused(let until) = login.phase { consider(until) }
        for room in rooms { if case .out(let until) = room.phase, until > now { consider(until) } }
        for request in histories where !request.isAsked && request.notBefore > now {
            consider(request.notBefore)
        }
        if outbox.isWaiting, outbox.pausedUntil > now { consider(outbox.pausedUntil) }
        return next
    }

    private mutating func endClosing() {
        guard let bound = closeBefore else { return }
        guard now >= bound else { return askForWake(bound) }
        closeBefore = nil
        switch link {
        case .open(let socket):
            link = .closing(socket)
            effects.append(.close(socket))
        case .closing(let socket): effects.append(.cut(socket))
        case .idle, .waiting, .connecting: break
        }
    }

    /// Draws how long to wait before something is tried again: full jitter.
    mutating func drawPause() -> Duration { backoff.next(using: &random) }

    mutating func answer(_ call: CallNumber?, _ result: Result<Answer, ChatClientError>) {
        if let call { effects.append(.answer(call, result)) }
    }

    mutating func answer(_ settled: [ClientOutbox.Settled]) {
        for one in settled { answer(one.call, one.result) }
    }
}
