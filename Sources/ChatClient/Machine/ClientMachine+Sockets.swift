public import ChatCore

/// Sockets: opening them, coming back, moving to another node, ending.
extension ClientMachine {
    /// Begins: opens the first socket. The call is answered when it is open, or cannot be opened.
    public mutating func start(_ call: CallNumber, at now: Instant) {
        self.now = now
        opening = call
        open()
        goOn()
    }

    /// Ends for good: gives the name back, closes the socket. What waits fails; the call is answered when the
    /// socket is closed.
    public mutating func close(_ call: CallNumber, at now: Instant) {
        self.now = now
        closing.append(call)
        guard over == nil else {
            if case .idle = link { answerClosing() }
            return
        }
        let isHeld = login.phase == .held
        giveUp(.closed)
        switch link {
        case .open(let socket) where isHeld:
            effects.append(.send(socket, ClientRequest.logout))
            login.phase = .releasing
            closeBefore = now + Limits.closeTimeout
        case .open(let socket):
            beginClosing(socket)
        case .connecting(let socket):
            link = .closing(socket)
            effects.append(.cut(socket))
        case .idle, .waiting:
            link = .idle
            answerClosing()
        case .closing: break
        }
        goOn()
    }

    mutating func beginClosing(_ socket: SocketNumber) {
        link = .closing(socket)
        closeBefore = nil
        effects.append(.close(socket))
    }

    private mutating func answerClosing() {
        for call in closing { answer(call, .success(.done)) }
        closing = []
        effects.append(.end)
    }

    private mutating func newSocket() -> SocketNumber {
        lastSocket += 1
        let socket = SocketNumber(value: lastSocket)
        effects.append(.open(socket))
        return socket
    }

    private mutating func open() { link = .connecting(newSocket()) }

    mutating func goOnConnecting() {
        if case .waiting(let until) = link, now >= until { open() }
        if case .waiting(let until)? = successor, now >= until {
            successor = .connecting(newSocket())
        }
    }

    // MARK: Events of sockets

    /// Takes that a socket is open: the handshake has picked `chat.v1`.
    public mutating func opened(_ socket: SocketNumber, at now: Instant) {
        self.now = now
        if case .connecting(socket)? = successor {
            successor = nil
            if case .open(let old) = link {
                replaced = old
                interrupt()
            }
        } else {
            guard case .connecting(socket) = link else { return effects.append(.cut(socket)) }
        }
        link = .open(socket)
        liveness = ClientLiveness(heardAt: now)
        isDegraded = false
        answer(opening.take(), .success(.done))
        effects.append(.report(.connected))
        goOn()
    }

    /// Takes that bytes have come, which show that the node is there.
    public mutating func heardBytes(on socket: SocketNumber, at now: Instant) {
        guard case .open(socket) = link else { return }
        liveness.heard(at: now)
    }

    /// Takes that the owner has stopped reading the socket, or reads it again: silence means nothing
    /// meanwhile.
    public mutating func reading(isPaused: Bool, at now: Instant) {
        self.now = now
        liveness.reading(isPaused: isPaused, at: now)
        goOn()
    }

    /// Takes that a socket has ended, or could not be opened.
    public mutating func ended(_ socket: SocketNumber, _ end: ConnectionEnd, at now: Instant) {
        self.now = now
        if replaced == socket { return replaced = nil }
        if case .connecting(socket)? = successor {
            successor = .waiting(until: now + drawPause())
            return goOn()
        }
        switch link {
        case .open(socket), .connecting(socket), .closing(socket): break
        default: return
        }
        if over != nil {
            link = .idle
            closeBefore = nil
            return answerClosing()
        }
        if let call = opening.take() { return fail(call, end) }
        guard !end.isFinal else { return finish(end) }
        interrupt()
        comeBack(after: end)
        goOn()
    }

    private mutating func fail(_ call: CallNumber, _ end: ConnectionEnd) {
        answer(call, .failure(.ended(end)))
        finish(end)
    }

    private mutating func finish(_ end: ConnectionEnd) {
        link = .idle
        giveUp(.ended(end))
        effects.append(.report(.ended(end)))
        effects.append(.end)
    }

    /// Arranges the next attempt, or goes on with the one that has begun already.
    private mutating func comeBack(after end: ConnectionEnd) {
        if case .closed(let code?, _) = end, code == .flooding {
            backoff.slowDown()
            outbox.slowDown()
        }
        switch successor.take() {
        case .connecting(let socket)?: link = .connecting(socket)
        case .waiting(let until)?: link = .waiting(until: until)
        case nil: link = .waiting(until: now + drawPause())
        }
        if let old = replaced.take() { effects.append(.close(old)) }
        var pause = Duration.zero
        if case .waiting(let until) = link { pause = until - now }
        effects.append(.report(.interrupted(end, retryIn: pause)))
    }

    /// Notes that what was asked for over the socket is to be asked for again over the next one.
    private mutating func interrupt() {
        endReleasing()
        login.interrupted(at: now)
        outbox.interrupted()
        rooms = rooms.compactMap { $0.interrupted() }
        histories.removeAll { $0.call == nil }
        for index in histories.indices { histories[index].isAsked = false }
    }

    /// Fails everything that waits, for good.
    private mutating func giveUp(_ error: ChatClientError) {
        over = error
        if case .connecting(let socket)? = successor { effects.append(.cut(socket)) }
        successor = nil
        if let old = replaced.take() { effects.append(.close(old)) }
        answer(opening.take(), .failure(error))
        answer(login.call.take(), .failure(error))
        for call in login.endCalls { answer(call, .failure(error)) }
        login.endCalls = []
        answer(outbox.giveUp(error))
        for request in histories { answer(request.call, .failure(error)) }
        histories = []
        for room in rooms {
            answer(room.call ?? room.next?.call, .failure(error))
            if !room.isLeaving, room.call == nil {
                effects.append(.finish(room: room.name, error == .closed ? nil : error))
            }
        }
        rooms = []
        login.phase = .none
    }

    // MARK: Moving

    /// Takes that the node is leaving: another socket is opened, at a moment of its own within the time that
    /// is left.
    mutating func reconnect(_ message: HeardMessage) {
        guard successor == nil else { return }
        let within = Duration.milliseconds(Int64(clamping: message.inMs ?? 0)) / 2
        let pause = Int64.random(in: 0...max(0, within.inNanoseconds), using: &random)
        successor = .waiting(until: now + .nanoseconds(pause))
        effects.append(.report(.moving(reason: message.reason ?? "")))
    }

    /// Closes the socket from which the client has moved, now that it is at home on the next one.
    mutating func settleIn(isAtHome: Bool) {
        if isAtHome { backoff.reset() }
        if let old = replaced.take() { effects.append(.close(old)) }
    }

    // MARK: Silence

    /// Since when the client has waited for an answer that a node gives at once; nil: it does not wait.
    var awaitedSince: Instant? {
        guard !isDegraded else { return nil }
        var since: Instant?
        func consider(_ instant: Instant) { since = min(since ?? instant, instant) }
        if case .asked(let at) = login.phase { consider(at) }
        for room in rooms { if case .asked(let at) = room.phase { consider(at) } }
        for request in histories where request.isAsked { consider(request.askedAt) }
        if outbox.awaitsAnswer { consider(outbox.progress) }
        return since
    }

    mutating func checkLiveness(_ socket: SocketNumber) {
        switch liveness.check(awaitedSince: awaitedSince, now: now) {
        case .fine: break
        case .probe: effects.append(.send(socket, ClientRequest.ping))
        case .dead: effects.append(.cut(socket))
        }
    }
}

extension ConnectionEnd {
    /// Whether a client stays away after this end: docs/protocol/README.md, "Close codes".
    public var isFinal: Bool {
        switch self {
        // A moderator has removed the user; no node sends it yet.
        case .closed(let code?, _) where code.rawValue == 4003: true
        case .closed(let code?, _):
            [1000, 1002, 1003, 1007, 1008, 1009, 4001].contains(code.rawValue)
        // The server does not speak `chat.v1`.
        case .handshake(.notWebSocket): true
        default: false
        }
    }
}
