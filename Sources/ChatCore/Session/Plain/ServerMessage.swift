/// Says why a name is no longer this socket's, though its client did not log out: the `reason` of a
/// `logged_out`.
public enum LogoutReason: String, Sendable, CaseIterable {
    /// The node lost touch with the others, and the name passed on meanwhile.
    case leaseLost = "lease_lost"
    /// A newer login of the same user has taken the name over; only a client of `chat.v1` is told.
    case replaced
}

/// A message from the server to one client alone. A `chat` is a `ChatFrame`.
public enum ServerMessage: Sendable, Equatable {
    /// The name is this socket's; `node` is the label of the node that answers.
    case loggedIn(username: String, node: String)
    /// The name is not this socket's.
    case loginFailure(
        username: String,
        reason: LoginFailureReason,
        message: String,
        retryMs: Int? = nil
    )
    /// The name is free again.
    case loggedOut(username: String, reason: LogoutReason? = nil)
    /// Anything else went wrong.
    case error(username: String, code: ErrorCode, message: String, retryMs: Int? = nil)

    /// Appends the message as JSON.
    ///
    /// The keys are in a fixed order: those of the original vocabulary first.
    public func encode(into out: inout [UInt8]) {
        var json: [UInt8] = []
        swap(&json, &out)
        var message: MessageWriter
        switch self {
        case .loggedIn(let username, let node):
            message = MessageWriter("logged_in", after: json)
            message.add("username", username)
            message.add("node", node)
        case .loginFailure(let username, let reason, let text, let retryMs):
            message = MessageWriter("login_failure", after: json)
            message.add("username", username)
            message.add("value", reason.rawValue)
            message.add("message", text)
            message.add("retry_ms", retryMs.map { UInt64(clamping: $0) })
        case .loggedOut(let username, let reason):
            message = MessageWriter("logged_out", after: json)
            message.add("username", username)
            message.add("value", true)
            if let reason { message.add("reason", reason.rawValue) }
        case .error(let username, let code, let text, let retryMs):
            message = MessageWriter("error", after: json)
            message.add("username", username)
            message.add("value", text)
            message.add("code", code.rawValue)
            message.add("retry_ms", retryMs.map { UInt64(clamping: $0) })
        }
        message.end()
        out = message.json
    }
}
