/// The original vocabulary: `login`, `logout` and `chat`, which goes to the lobby.
enum PlainDialect {
    /// Reads a client's text.
    ///
    /// Cost: one pass over the bytes, no copy and, unless it fails, no allocation.
    @inline(__always)
    static func request(_ text: RawSpan) -> Session.Request {
        do throws(MessageError) {
            let message = try ClientMessage.parse(text)
            return Session.Request(action(message), name: message.username)
        } catch {
            return Session.Request(.malformed(error.fault), name: error.username)
        }
    }

    private static func action(_ message: ClientMessage) -> Session.Request.Action {
        switch message.kind {
        case .login: .claim()
        case .logout: .release
        case .chat: .say(value: message.value)
        }
    }

    /// Returns the message that tells a client of an event; nil if the dialect has no request that leads to
    /// it.
    static func message(_ event: Session.Event) -> ServerMessage? {
        switch event {
        case .granted(let username, let rules, _):
            .loggedIn(username: username.display, node: rules.node)
        case .notGranted(let name, let why):
            .loginFailure(
                username: name,
                reason: why.reason,
                message: why.sentence(about: name),
                retryMs: why.retryAfter?.inMillisecondsRoundedUp
            )
        case .released(let username):
            .loggedOut(username: username.display)
        case .nameLost(let username, let isReplaced):
            .loggedOut(username: username.display, reason: isReplaced ? .replaced : .leaseLost)
        case .joined, .synced, .reset, .gap, .history, .accepted, .pong, .status:
            nil
        case .refused(let why, let name, _):
            .error(
                username: name ?? "",
                code: why.code,
                message: why.sentence,
                retryMs: why.retryAfter?.inMillisecondsRoundedUp
            )
        }
    }
}
