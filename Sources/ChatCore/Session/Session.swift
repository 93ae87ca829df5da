/// What one client may do next, in the plain vocabulary.
///
/// Takes what happened and appends what is to be done about it. It outlives its socket until what
/// it accepted has been settled and its name given up: a message sent just before closing arrives,
/// and no name stays behind. On: the connection's loop.
public struct Session {
    private enum State {
        /// Nothing is asked; the next message can be handled.
        case idle
        /// A name has been asked for.
        case claiming(Username)
        /// A name has been given up: by `logout`, by a change of name, or at the end.
        case releasing(Releasing)
        case over
    }

    private enum Releasing {
        case loggingOut(Username)
        case changingName
        case leaving
    }

    /// The socket this belongs to.
    public let id: SocketID
    private let rules: SessionRules
    private var state = State.idle
    /// The name held, if any.
    public private(set) var holding: Holding?
    private var waiting = WaitingMessages()
    /// Messages accepted whose verdict is to come.
    private var unsettled = 0
    private var limit = RateLimit()
    private var isSocketOpen = true

    /// A session without a name.
    public init(id: SocketID, rules: SessionRules) {
        self.id = id
        self.rules = rules
    }
}

// MARK: - What happens

extension Session {
    /// So many bytes came from the wire, whatever they mean.
    public mutating func received(bytes: Int, now: Instant, into effects: inout [Effect]) {
        if !limit.received(bytes, policy: rules.rates, now: now) { flood(&effects) }
    }

    /// A whole text message came.
    ///
    /// Cost: a `chat` in one's own name allocates its body and nothing else.
    public mutating func receive(_ text: RawSpan, now: Instant, into effects: inout [Effect]) {
        guard isSocketOpen else { return }
        switch limit.admit(policy: rules.rates, now: now) {
        case .admitted: break
        case .refused(let wait): return refuse(text, wait, &effects)
        case .flooding: return flood(&effects)
        }
        if waiting.isEmpty, handle(text, &effects) { return }
        if !waiting.append(text) { refuse(text, Limits.retryAfter, &effects) }
    }

    /// The answer to a claim.
    public mutating func claimed(_ answer: ClaimAnswer, into effects: inout [Effect]) {
        guard case .claiming(let username) = state else {
            preconditionFailure("an answer to a claim that was not made")
        }
        state = .idle
        switch answer {
        case .granted(let new):
            let old = holding
            holding = new
            effects.append(.send(.loggedIn(username: new.username.display, node: rules.node)))
            if let old {
                state = .releasing(.changingName)
                effects.append(.release(old.proof))
            }
        case .taken:
            let name = username.display
            fail(name, .taken, "The name \(name) is taken; try \(name)\(Self.suffix)", &effects)
        case .unavailable(let reason):
            fail(username.display, .unavailable, reason, retry: Limits.retryAfter, &effects)
        }
        goOn(&effects)
    }

    /// A name that was given up is free.
    public mutating func released(into effects: inout [Effect]) {
        guard case .releasing(let why) = state else {
            preconditionFailure("an answer to a release that was not asked for")
        }
        state = .idle
        switch why {
        case .loggingOut(let username):
            effects.append(.send(.loggedOut(username: username.display)))
        case .changingName, .leaving:
            break
        }
        goOn(&effects)
    }

    /// What became of the oldest message whose verdict was to come.
    public mutating func settled(_ verdict: PublishVerdict, into effects: inout [Effect]) {
        unsettled -= 1
        switch verdict {
        case .accepted, .duplicate:
            break
        case .gap(let expected):
            holding?.n = expected - 1
            report(.unavailable, "The message was not sent; try again", Limits.retryAfter, &effects)
        case .fenced:
            if let lost = holding {
                holding = nil
                effects.append(.send(.loggedOut(username: lost.username.display)))
            }
            report(.notLoggedIn, "The name has passed on; log in again", nil, &effects)
        }
        goOn(&effects)
    }

    /// The oldest message whose verdict was to come has not been sent at all.
    ///
    /// `numbered` says whether a number had been put on it, which is now free again.
    public mutating func unsent(
        _ reason: String,
        numbered: Bool,
        into effects: inout [Effect]
    ) {
        unsettled -= 1
        if numbered { holding?.n -= 1 }
        report(.unavailable, reason, Limits.retryAfter, &effects)
        goOn(&effects)
    }

    /// The socket is closed or about to be: nothing more comes from it, nothing goes to it.
    public mutating func socketClosed(into effects: inout [Effect]) {
        guard isSocketOpen else { return }
        isSocketOpen = false
        goOn(&effects)
    }

    /// Puts proof and number on a draft that leaves now; nil where the name is lost meanwhile.
    public mutating func seal(_ draft: Draft) -> SealedDraft? {
        guard holding != nil, let proof = holding?.proof else { return nil }
        holding?.n += 1
        return SealedDraft(proof: proof, n: holding?.n ?? 0, draft: draft)
    }
}

// MARK: - What is done about it

extension Session {
    private static let suffix = 2

    /// Handles what waited, then leaves if there is nothing else left to do.
    private mutating func goOn(_ effects: inout [Effect]) {
        while let next = waiting.first, handle(next.span.bytes, &effects) {
            waiting.removeFirst()
        }
        guard case .idle = state, !isSocketOpen, waiting.isEmpty, unsettled == 0 else { return }
        if let holding {
            release(holding, .leaving, &effects)
        } else {
            state = .over
            effects.append(.finished)
        }
    }

    /// Handles a message; false where it has to wait for an answer.
    private mutating func handle(_ text: RawSpan, _ effects: inout [Effect]) -> Bool {
        guard case .idle = state else { return false }
        let message: ClientMessage
        do {
            message = try ClientMessage.parse(text)
        } catch {
            let sent = error.username?.decoded(in: text)
            sendError(error.code, error.message, nil, username: sent, &effects)
            return true
        }
        switch message.kind {
        case .chat:
            chat(message, text, &effects)
            return true
        case .login:
            // A change of name leaves the old name behind the messages sent under it.
            guard unsettled == 0 else { return false }
            login(message, text, &effects)
            return true
        case .logout:
            guard unsettled == 0 else { return false }
            logout(message, text, &effects)
            return true
        }
    }

    private mutating func login(
        _ message: ClientMessage,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        guard let sent = message.username?.decoded(in: text) else {
            return fail("", .invalid, "The name is not text", &effects)
        }
        let username: Username
        do {
            username = try Username(sent)
        } catch {
            return fail(sent, .invalid, error.message, &effects)
        }
        if let holding, holding.username == username {
            let name = holding.username.display
            effects.append(.send(.loggedIn(username: name, node: rules.node)))
        } else if rules.reservedKeys.contains(username.key) {
            fail(username.display, .forbidden, "The name is reserved", &effects)
        } else {
            state = .claiming(username)
            effects.append(.claim(username))
        }
    }

    private mutating func logout(
        _ message: ClientMessage,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        guard let holding = holder(named: message, text, &effects) else { return }
        release(holding, .loggingOut(holding.username), &effects)
    }

    private mutating func chat(
        _ message: ClientMessage,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        guard let holding = holder(named: message, text, &effects) else { return }
        let body = ChatBody(username: holding.username.display, value: message.value, in: text)
        unsettled += 1
        effects.append(.publish(Draft(sender: id, room: .lobby, body: body.bytes)))
    }

    private mutating func release(
        _ holding: Holding,
        _ why: Releasing,
        _ effects: inout [Effect]
    ) {
        state = .releasing(why)
        self.holding = nil
        effects.append(.release(holding.proof))
    }

    /// The holding, if it is the one the message names; else the client is told.
    private func holder(
        named message: ClientMessage,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Holding? {
        if let holding, let sent = message.username {
            if !sent.hasEscapes, holding.username.isSpelled(by: text.extracting(sent.range)) {
                return holding
            }
            if let name = sent.decoded(in: text), let username = try? Username(name),
                username == holding.username
            {
                return holding
            }
        }
        let sent = message.username?.decoded(in: text)
        guard let holding else {
            sendError(.notLoggedIn, "Log in first", nil, username: sent, &effects)
            return nil
        }
        let sentence = "You are logged in as \(holding.username.display)"
        sendError(.wrongUsername, sentence, nil, username: sent, &effects)
        return nil
    }
}

// MARK: - What is said

extension Session {
    private func fail(
        _ username: String,
        _ reason: LoginFailureReason,
        _ message: String,
        retry: Duration? = nil,
        _ effects: inout [Effect]
    ) {
        effects.append(
            .send(
                .loginFailure(
                    username: username,
                    reason: reason,
                    message: message,
                    retryMs: retry?.inMillisecondsRoundedUp
                )
            )
        )
    }

    private func refuse(_ text: RawSpan, _ wait: Duration, _ effects: inout [Effect]) {
        let sent: JSONString?
        do {
            sent = try ClientMessage.parse(text).username
        } catch {
            sent = error.username
        }
        let sentence = "That was too much at once; wait a moment"
        sendError(.rateLimited, sentence, wait, username: sent?.decoded(in: text), &effects)
    }

    private mutating func flood(_ effects: inout [Effect]) {
        effects.append(.close(.flooding, reason: "too many messages after being told to wait"))
    }

    /// An error that answers no message at hand.
    private func report(
        _ code: ErrorCode,
        _ sentence: String,
        _ wait: Duration?,
        _ effects: inout [Effect]
    ) {
        sendError(code, sentence, wait, username: nil, &effects)
    }

    /// `username` is the one sent; without one, the one held.
    private func sendError(
        _ code: ErrorCode,
        _ sentence: String,
        _ wait: Duration?,
        username: String?,
        _ effects: inout [Effect]
    ) {
        effects.append(
            .send(
                .error(
                    username: username ?? holding?.username.display ?? "",
                    code: code,
                    message: sentence,
                    retryMs: wait?.inMillisecondsRoundedUp
                )
            )
        )
    }
}
