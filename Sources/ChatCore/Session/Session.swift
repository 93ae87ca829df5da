/// The state of one client, which decides what it may do next, in no dialect's words.
///
/// It takes requests of the client and answers of the broker, and appends the effects to be carried
/// out. It outlives its socket until the messages it accepted have been settled and its name has
/// been given up: so a message sent just before closing arrives, and no name stays taken.
///
/// On: the connection's loop.
public struct Session {
    /// The socket that the session belongs to.
    public let id: SocketID
    let rules: SessionRules
    var name = Name.none
    private var waiting = WaitingMessages()
    var limit = RateLimit()
    /// Nil until the client asks for a room, or for what became of a message.
    var conversation: Conversation?
    // Layout: the next three fields share one word.
    /// The number of accepted messages that are not settled yet.
    var unsettled: Int32 = 0
    /// Whether some of these can only be settled when the broker is back.
    private(set) var isStalled = false
    private(set) var isSocketOpen = true
    /// Whether the client's login can be taken over, and its name outlives the socket for a moment.
    let isResumable: Bool
    /// Whether the client was never told of the name that it holds, which it does not expect.
    var isUntold = false

    /// The key of the name held, if any.
    public var heldKey: String? { name.held?.key }

    /// Makes a session without a name.
    public init(id: SocketID, rules: SessionRules, isResumable: Bool = false) {
        self.id = id
        self.isResumable = isResumable
        self.rules = rules
    }
}

// MARK: - Events

extension Session {
    /// Charges bytes that came from the wire, whatever they mean.
    public mutating func received(bytes: Int, now: Instant, into effects: inout [Effect]) {
        if !limit.received(bytes, policy: rules.rates, now: now) { flood(&effects) }
    }

    /// Takes a request, with the text that it refers to.
    ///
    /// Cost: a message in the client's own name allocates only its body.
    public mutating func receive(
        _ request: Request,
        in text: RawSpan,
        now: Instant,
        into effects: inout [Effect]
    ) {
        guard isSocketOpen else { return }
        if request.isLookUp {
            guard isJoinAdmitted(request, text, now, &effects) else { return }
        } else if isBeginning(request, text) {
            guard isJoinAdmitted(request, text, now, &effects) else { return }
        } else {
            switch limit.admit(policy: rules.rates, now: now) {
            case .admitted: break
            case .refused(let wait):
                return refuse(.tooMuch(retryAfter: wait), request, text, &effects)
            case .flooding: return flood(&effects)
            }
        }
        // Nearly every request is a message.
        if case .say = request.action {
        } else if !isRareAdmitted(request, text, now, &effects) {
            return
        }
        if waiting.isEmpty, handle(request, text, &effects) { return }
        if !waiting.append(request, text) {
            refuse(.tooMuch(retryAfter: Limits.retryAfter), request, text, &effects)
        }
    }

    /// Takes what became of successive messages that were not settled yet. Only accepted messages are
    /// settled more than one at a time.
    mutating func settled(
        _ settlement: Settlement,
        of drafts: DraftSpan,
        into effects: inout [Effect]
    ) {
        unsettled -= Int32(drafts.count)
        if unsettled == 0 { isStalled = false }
        switch settlement {
        case .accepted(let place):
            if conversation != nil { acknowledge(place, drafts, &effects) }
        case .refused(let reason):
            let why = Refusal.unavailable(reason: reason, retryAfter: Limits.retryAfter)
            report(why, drafts, &effects)
        case .notRemoved(let why):
            report(Refusal(why), drafts, &effects)
        case .outOfOrder(let expected):
            report(.outOfOrder(expected: expected), drafts, &effects)
        case .lost:
            report(.nameLost, drafts, &effects)
        case .unknown:
            report(.fateUnknown, drafts, &effects)
        }
        goOn(&effects)
    }

    /// Notes whether messages can only be settled when the broker is back. While that is so, nothing waits for
    /// them but the end of a closed session: a logout and a change of name go on, and a message that would have
    /// to wait is refused.
    mutating func stalled(_ isStalled: Bool, into effects: inout [Effect]) {
        self.isStalled = isStalled
        goOn(&effects)
    }

    /// Notes that the socket is closed or about to be: nothing more comes from it or is sent to it.
    public mutating func socketClosed(into effects: inout [Effect]) {
        guard isSocketOpen else { return }
        isSocketOpen = false
        leaveRooms(&effects)
        goOn(&effects)
    }
}

// MARK: - Handling requests

extension Session {
    /// Handles requests that waited, then ends the session if there is nothing else left to do.
    mutating func goOn(_ effects: inout [Effect]) {
        while let next = waiting.first, handle(next.request, next.text.span.bytes, &effects) {
            waiting.removeFirst()
        }
        guard !isSocketOpen, waiting.isEmpty, unsettled == 0 else { return }
        switch name {
        case .held(let username):
            name = .leaving
            effects.append(.release(username, ending))
        case .none:
            name = .over
            effects.append(.finished)
        case .claiming:
            effects.append(.cancelClaim)
        case .releasing, .changed, .leaving, .over:
            break
        }
    }

    /// Handles a request; returns false if it has to wait for an answer.
    private mutating func handle(
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Bool {
        switch name {
        case .none, .held: break
        case .claiming, .releasing, .changed, .leaving, .over: return false
        }
        switch request.action {
        case .say(let value):
            return say(value, request, text, &effects)
        case .remove(let seq, let mid, let reason):
            let target = (seq, mid)
            return remove(target, reason, request, text, &effects)
        case .typing:
            tellTyping(request, text, &effects)
        case .join(let since, let last):
            // One that has waited may come after the end of its socket.
            guard isSocketOpen else { return true }
            join(from: Start(since, last: last, in: text), request, text, &effects)
        case .history(let before, let limit):
            return !isSocketOpen || readHistory(before, limit, request, text, &effects)
        case .leave:
            leave(request, text, &effects)
        case .ping:
            effects.append(.tell(.pong))
        case .claim(let secret):
            // One that has waited may come after the end of its socket.
            guard isSocketOpen else { return true }
            // A name is given up only after the messages sent under it are settled.
            guard unsettled == 0 || isStalled else { return false }
            claim(request, secret, text, &effects)
        case .release:
            guard unsettled == 0 || isStalled else { return false }
            guard let username = holder(request, text, &effects) else { return true }
            name = .releasing(username)
            effects.append(.release(username, .delete))
        case .malformed(let fault):
            refuse(.malformed(fault), request, text, &effects)
        }
        return true
    }

    /// Sends a message; returns false if it has to wait.
    private mutating func say(
        _ value: Range<Int>?,
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Bool {
        guard request.about == nil, conversation == nil else {
            return converse(value, request, text, &effects)
        }
        if let body = body(value, request, text, room: nil) {
            unsettled += 1
            effects.append(.publish(Draft(sender: id, room: .lobby, body: body.bytes)))
        } else {
            refuse(whyNotHolder, request, text, &effects)
        }
        return true
    }

    /// Returns the body of a message; nil if the request is not in the name held. `room` is nil for the
    /// lobby. Layout: the name is used where it is, because a copy of it counts references.
    func body(
        _ value: Range<Int>?,
        _ request: Request,
        _ text: RawSpan,
        room: String?
    ) -> ChatBody? {
        switch name {
        case .held(let username) where Self.isName(username, of: request, text):
            ChatBody(username: username.display, value: value, in: text, room: room)
        default: nil
        }
    }
}
