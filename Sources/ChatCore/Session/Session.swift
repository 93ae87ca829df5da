/// What one client may do next, in the plain vocabulary.
///
/// Takes what happened and appends what is to be done about it. It outlives its socket until what
/// it accepted has been settled and its name given up: a message sent just before closing arrives,
/// and no name stays behind. On: the connection's loop.
public struct Session {
    /// Its names stand elsewhere: a session is nearly always idle, and there are many.
    private enum State {
        /// Nothing is asked; the next message can be handled.
        case idle
        /// A name has been asked for.
        indirect case claiming(Username)
        /// A name has been given up: by `logout`, by a change of name, or at the end.
        indirect case releasing(Releasing)
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
    private var username: Username?
    private var waiting = WaitingMessages()
    private var limit = RateLimit()
    // In one word.
    /// Messages accepted whose verdict is to come.
    private var unsettled: Int32 = 0
    /// Some of these can only be settled when the broker is back.
    private var isStalled = false
    private var isSocketOpen = true

    /// What the name held is known by, if one is.
    public var heldKey: String? { username?.key }

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
    public mutating func claimed(_ outcome: ClaimOutcome, into effects: inout [Effect]) {
        guard case .claiming(let wanted) = state else {
            preconditionFailure("an answer to a claim that was not made")
        }
        state = .idle
        switch outcome {
        case .granted:
            let former = username
            username = wanted
            effects.append(.send(.loggedIn(username: wanted.display, node: rules.node)))
            if let former, former != wanted {
                state = .releasing(.changingName)
                effects.append(.release(former))
            }
        case .taken:
            let name = wanted.display
            fail(name, .taken, "The name \(name) is taken; try \(name)\(Self.suffix)", &effects)
        case .unavailable(let reason):
            fail(wanted.display, .unavailable, reason, retry: Limits.retryAfter, &effects)
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

    /// What became of messages whose settlement was to come: of so many in a row. Only where they
    /// were accepted is it of more than one.
    public mutating func settled(
        _ settlement: Settlement,
        count: Int = 1,
        into effects: inout [Effect]
    ) {
        unsettled -= Int32(count)
        if unsettled == 0 { isStalled = false }
        switch settlement {
        case .accepted:
            break
        case .refused(let reason):
            report(.unavailable, reason, Limits.retryAfter, &effects)
        case .lost:
            report(.notLoggedIn, "The name has passed on; log in again", nil, &effects)
        case .unknown:
            let sentence = "The name has passed on; whether the last message was sent is not known"
            report(.notLoggedIn, sentence, nil, &effects)
        }
        goOn(&effects)
    }

    /// What became of the messages on their way will only be known when the broker is back: until then
    /// nothing but a closed socket waits for that.
    public mutating func stalled(_ isStalled: Bool, into effects: inout [Effect]) {
        self.isStalled = isStalled
        goOn(&effects)
    }

    /// A name has passed on to somebody else, while the node could not prove that it was its own.
    public mutating func nameLost(_ lost: Username, into effects: inout [Effect]) {
        guard username == lost else { return }
        username = nil
        effects.append(.send(.loggedOut(username: lost.display, reason: .leaseLost)))
        goOn(&effects)
    }

    /// The socket is closed or about to be: nothing more comes from it, nothing goes to it.
    public mutating func socketClosed(into effects: inout [Effect]) {
        guard isSocketOpen else { return }
        isSocketOpen = false
        goOn(&effects)
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
        if let username {
            release(username, .leaving, &effects)
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
            guard unsettled == 0 || isStalled else { return false }
            login(message, text, &effects)
            return true
        case .logout:
            guard unsettled == 0 || isStalled else { return false }
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
        // The name held is claimed too: whether it is still sure is not the session's to say, and
        // another spelling is shown from then on.
        if self.username != username, rules.reservedKeys.contains(username.key) {
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
        guard let username = holder(named: message, text, &effects) else { return }
        release(username, .loggingOut(username), &effects)
    }

    private mutating func chat(
        _ message: ClientMessage,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) {
        guard isHolder(named: message, text) || holder(named: message, text, &effects) != nil,
            let username
        else { return }
        let body = ChatBody(username: username.display, value: message.value, in: text)
        unsettled += 1
        effects.append(.publish(Draft(sender: id, room: .lobby, body: body.bytes)))
    }

    /// Whether the message names the name held as it is shown: the quick answer, nearly always.
    private func isHolder(named message: ClientMessage, _ text: RawSpan) -> Bool {
        guard let sent = message.username, !sent.hasEscapes else { return false }
        return username?.isSpelled(by: text.extracting(sent.range)) ?? false
    }

    private mutating func release(
        _ username: Username,
        _ why: Releasing,
        _ effects: inout [Effect]
    ) {
        state = .releasing(why)
        self.username = nil
        effects.append(.release(username))
    }

    /// The name held, if it is the one the message names; else the client is told.
    private func holder(
        named message: ClientMessage,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Username? {
        if isHolder(named: message, text) { return username }
        if let username, let sent = message.username {
            if let name = sent.decoded(in: text), let same = try? Username(name),
                same == username
            {
                return username
            }
        }
        let sent = message.username?.decoded(in: text)
        guard let username else {
            sendError(.notLoggedIn, "Log in first", nil, username: sent, &effects)
            return nil
        }
        let sentence = "You are logged in as \(username.display)"
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
        username sent: String?,
        _ effects: inout [Effect]
    ) {
        effects.append(
            .send(
                .error(
                    username: sent ?? username?.display ?? "",
                    code: code,
                    message: sentence,
                    retryMs: wait?.inMillisecondsRoundedUp
                )
            )
        )
    }
}
