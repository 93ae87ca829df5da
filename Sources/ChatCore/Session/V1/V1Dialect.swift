/// The vocabulary of `chat.v1`: rooms, receipts, and places in a room's order.
enum V1Dialect {
    /// Reads a client's text.
    ///
    /// Cost: one pass over the bytes, no copy.
    static func request(_ text: RawSpan) -> Session.Request {
        let fields = V1Fields(text)
        return Session.Request(
            action(fields, text),
            name: fields.username,
            about: .init(room: fields.room, id: fields.id, n: fields.n)
        )
    }

    private static func action(_ fields: V1Fields, _ text: RawSpan) -> Session.Request.Action {
        if let fault = fields.fault { return .malformed(fault) }
        guard let type = fields.type else { return .malformed(.unknownType) }
        // Nearly all messages are of this type.
        if type.equals("chat", in: text) { return .say(value: fields.value) }
        if type.equals("join", in: text) {
            return .join(since: fields.since, last: fields.history ?? 0)
        }
        if type.equals("history", in: text) {
            return .history(before: fields.before, limit: fields.limit ?? 0)
        }
        if type.equals("leave", in: text) { return .leave }
        if type.equals("ping", in: text) { return .ping }
        if type.equals("remove", in: text) {
            guard let seq = fields.seq else { return .malformed(.missing(.seq)) }
            guard let mid = fields.mid else { return .malformed(.missing(.mid)) }
            return .remove(seq: seq, mid: mid, reason: fields.reason)
        }
        if type.equals("logout", in: text) { return .release }
        guard type.equals("login", in: text) else { return .malformed(.unknownType) }
        guard fields.username != nil else { return .malformed(.missing(.username)) }
        return .claim(secret: fields.session)
    }

    /// Appends the message that tells a client of an event.
    static func append(_ event: Session.Event, to json: inout [UInt8]) {
        switch event {
        case .granted(let username, let rules, let login):
            append("logged_in", to: &json) { message in
                message.add("username", username.display)
                if let secret = login.secret { message.add("session", secret.text) }
                message.add("node", rules.node)
                message.add("resumed", login.isResumed)
                message.add("acked", login.acked)
                message.add("ping_ms", UInt64(clamping: rules.pingInterval.inMillisecondsRoundedUp))
            }
        case .notGranted, .released, .nameLost:
            PlainDialect.message(event)?.encode(into: &json)
        case .joined(let room, let position, let isRecovered, let presence):
            append("joined", to: &json) { message in
                message.add(position, in: room.text)
                if let isRecovered { message.add("recovered", isRecovered) }
                if let presence { message.add(presence) }
            }
        case .reset(let room, let position):
            append("reset", to: &json) { $0.add(position, in: room.text) }
        case .gap(let room, let numbers):
            append("gap", to: &json) { message in
                message.add("room", room.text)
                message.add("from", numbers.lowerBound)
                message.add("to", numbers.upperBound)
            }
        case .history(let room, let items, let hasMore):
            append("history", to: &json) { message in
                message.add("room", room.text)
                message.add("items", verbatim: items)
                message.add("more", hasMore)
            }
        case .synced(let room, let seq):
            append("synced", to: &json) { message in
                message.add("room", room.text)
                message.add("seq", seq)
            }
        case .accepted(let place, let subject):
            append("ack", to: &json) { $0.add(place, of: subject) }
        case .pong:
            append("pong", to: &json) { _ in }
        case .status(let isDegraded):
            append("status", to: &json) { $0.add("value", isDegraded ? "degraded" : "ok") }
        case .refused(let why, let name, let subject):
            append("error", to: &json) { $0.add(why, name: name, about: subject) }
        }
    }

    private static func append(
        _ type: StaticString,
        to json: inout [UInt8],
        _ members: (inout MessageWriter) -> Void
    ) {
        // Moved out and back, so that the bytes are not copied.
        var bytes: [UInt8] = []
        swap(&bytes, &json)
        var message = MessageWriter(type, after: bytes)
        members(&message)
        message.end()
        json = message.json
    }
}

extension MessageWriter {
    /// Adds a place in a room.
    fileprivate mutating func add(_ position: Position, in room: String) {
        add("room", room)
        add("epoch", "\(position.epoch)")
        add("seq", position.seq)
        add("mid", position.mid.description)
    }

    /// Adds what the sender of a message is told of its place.
    fileprivate mutating func add(_ place: Acceptance, of subject: Session.Subject) {
        add("id", verbatim: subject.id)
        add("n", subject.n == 0 ? nil : subject.n)
        if let room = subject.room { add("room", room) }
        add("mid", place.mid.description)
        add("seq", place.seq)
        add("ts", place.ms.map { UInt64(clamping: $0) })
        if place.isRepeated { add("dup", true) }
    }

    /// Adds what a client is told of a refused request.
    fileprivate mutating func add(
        _ why: Session.Refusal,
        name: String?,
        about subject: Session.Subject?
    ) {
        add("username", name ?? "")
        add("value", why.sentence)
        add("code", why.code.rawValue)
        if let room = subject?.room { add("room", room) }
        add("id", verbatim: subject?.id)
        if let subject, subject.n != 0 { add("n", subject.n) }
        if case .outOfOrder(let expected) = why { add("from", expected) }
        add(retryAfter: why.retryAfter)
    }
}
