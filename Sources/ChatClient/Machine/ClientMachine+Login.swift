public import ChatCore

/// The name of a client, and what it needs to come back to it.
struct ClientLogin {
    enum Phase: Hashable {
        /// No name is wanted.
        case none
        /// The name is to be claimed over the next open socket.
        case wanted
        /// The claim has no answer yet.
        case asked(at: Instant)
        /// The node has granted the name on this socket.
        case held
        /// The node has refused the name for now.
        case paused(until: Instant)
        /// The name is being given back.
        case releasing
    }

    var name = ""
    var token: String?
    /// The secret of the last `logged_in`.
    var secret: String?
    var phase = Phase.none
    /// The call that waits for the answer.
    var call: CallNumber?
    /// Whether the name has been granted before, on any socket.
    var wasHeld = false
    /// Until when a name that is taken may be this client's own, because the answer to its first claim was
    /// lost.
    var ownUntil: Instant?
    /// Whether the claim was sent while the name was held, with a new token.
    var isRenewal = false
    /// Whether the name is given back as soon as nothing waits to be said.
    var isEnding = false
    /// The calls that wait for that.
    var endCalls: [CallNumber] = []

    mutating func interrupted(at now: Instant) {
        switch phase {
        case .asked where !wasHeld: ownUntil = now + Limits.clientLostLogin
        // A node that has refused the name for now has told when to ask again, over whichever socket.
        case .none, .paused: return
        case .wanted, .asked, .held, .releasing: break
        }
        isRenewal = false
        phase = .wanted
    }
}

/// Logging in and out.
extension ClientMachine {
    /// Claims a name, or renews the right to it with another token. The call is answered with `.login`.
    public mutating func logIn(
        _ name: String,
        session: String?,
        token: String?,
        call: CallNumber,
        at now: Instant
    ) {
        self.now = now
        if let over { return answer(call, .failure(over)) }
        switch login.phase {
        case .none:
            login = ClientLogin()
            login.secret = session
            login.phase = .wanted
        case .held where name == login.name && !login.isEnding:
            login.phase = .wanted
            login.isRenewal = true
        default: return answer(call, .failure(.hasName))
        }
        login.name = name
        login.token = token
        login.call = call
        goOn()
    }

    /// Gives the name back, once the messages before are settled: a message that is on its way could not be
    /// sent again without doubt. A name that was not granted yet is given back when it is, and what waits for
    /// it fails.
    public mutating func logOut(_ call: CallNumber, at now: Instant) {
        self.now = now
        if let over { return answer(call, .failure(over)) }
        answer(login.call.take(), .failure(.notLoggedIn))
        login.endCalls.append(call)
        endLogin()
        goOn()
    }

    mutating func endLogin() {
        login.isEnding = true
        if !login.wasHeld { answer(outbox.giveUp(.notLoggedIn)) }
    }

    mutating func goOnLoggingOut() {
        guard login.isEnding, outbox.count == 0 else { return }
        switch login.phase {
        case .held:
            guard case .open(let socket) = link else { return }
            login.phase = .releasing
            effects.append(.send(socket, ClientRequest.logout))
        // The node does not have the name under this client's socket.
        case .none, .wanted, .paused: forgetLogin(.notLoggedIn)
        // The answer is on its way: it may be that the name is granted.
        case .asked, .releasing: return
        }
    }

    /// Takes that the client has no name, and wants none.
    private mutating func forgetLogin(_ error: ChatClientError) {
        let (call, endCalls) = (login.call, login.endCalls)
        login = ClientLogin()
        answer(outbox.giveUp(error))
        answer(call, .failure(error))
        for call in endCalls { answer(call, .success(.done)) }
    }

    mutating func goOnLoggingIn(_ socket: SocketNumber) {
        switch login.phase {
        case .paused(let until) where now >= until: break
        case .wanted: break
        default: return
        }
        login.phase = .asked(at: now)
        let request = ClientRequest.login(
            login.name,
            session: login.secret,
            token: login.token
        )
        effects.append(.send(socket, request))
    }

    mutating func loggedIn(_ message: HeardMessage) {
        guard case .asked = login.phase else { return }
        login.phase = .held
        login.ownUntil = nil
        let isRenewal = login.isRenewal && message.session == nil
        login.isRenewal = false
        login.wasHeld = true
        login.secret = message.session ?? login.secret
        if let ms = message.pingMs { liveness.pingInterval = .milliseconds(Int64(clamping: ms)) }
        let given = LoginAnswer(
            username: message.username ?? login.name,
            node: message.node ?? "",
            isResumed: message.isResumed ?? false,
            session: login.secret
        )
        if !isRenewal {
            answer(outbox.loggedIn(resumed: given.isResumed, acked: message.acked ?? 0))
        }
        settleIn(isAtHome: true)
        answer(login.call.take(), .success(.login(given)))
        effects.append(.report(.loggedIn(given)))
    }

    mutating func loginFailed(_ message: HeardMessage) {
        guard case .asked = login.phase else { return }
        settleIn(isAtHome: false)
        let reason = message.value.flatMap(HeardMessage.text(ofJSON:)) ?? ""
        let words = message.message ?? ""
        let mayBeOwn = reason == "taken" && now < login.ownUntil ?? .distantPast
        if reason == "unavailable" || message.retryMs != nil || mayBeOwn {
            login.phase = .paused(until: now + pause(message))
            return
        }
        let error = ChatClientError.loginFailed(reason: reason, message: words)
        if login.isRenewal {
            answer(login.call.take(), .failure(error))
            login.isRenewal = false
            login.phase = .held
            return
        }
        if login.wasHeld { effects.append(.report(.nameRefused(reason: reason, message: words))) }
        forgetLogin(error)
    }

    /// Ends a logout: by its answer, or by the end of its socket, after which the node frees the name itself.
    mutating func endReleasing() {
        guard login.phase == .releasing else { return }
        forgetLogin(.notLoggedIn)
    }

    mutating func loggedOut(_ message: HeardMessage) {
        if login.phase == .releasing {
            endReleasing()
            if over != nil, case .open(let socket) = link { beginClosing(socket) }
            return
        }
        guard login.phase != .none else { return }
        effects.append(.report(.nameLost(reason: message.reason ?? "")))
        // After `replaced` and `kicked` the node closes the socket with a code that says so.
        if message.reason == "lease_lost" { claimAgain() }
    }

    /// Claims the name again over the same socket, because the node does not know the client by it.
    mutating func claimAgain() {
        guard login.phase == .held else { return }
        outbox.interrupted()
        login.phase = .paused(until: now + drawPause())
    }

    /// The pause that a refusal asks for, or one that grows.
    mutating func pause(_ message: HeardMessage) -> Duration {
        message.retryMs.map { .milliseconds(Int64(clamping: $0)) } ?? drawPause()
    }
}
