/// Why a name could not be claimed: the `value` of a `login_failure`.
public enum LoginFailureReason: String, Sendable, CaseIterable {
    /// Somebody else holds it.
    case taken
    /// It is no valid name.
    case invalid
    /// It is reserved.
    case forbidden
    /// Cannot be found out at present; waiting helps.
    case unavailable
}

/// Why a name is not this socket's any more, where its client did not ask: the `reason` of a
/// `logged_out`.
public enum LogoutReason: String, Sendable, CaseIterable {
    /// The node lost touch with the others, and the name passed on meanwhile.
    case leaseLost = "lease_lost"
}

/// What the server answers to one client alone. A `chat` is a `ChatFrame`.
public enum ServerMessage: Sendable, Equatable {
    /// The name is this socket's; `node` is the name of the node that answers.
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
    /// The keys come in a fixed order: those of the original vocabulary first.
    public func encode(into out: inout [UInt8]) {
        switch self {
        case .loggedIn(let username, let node):
            Self.begin("logged_in", username, &out)
            Self.string(#","node":"#, node, &out)
        case .loginFailure(let username, let reason, let message, let retryMs):
            Self.begin("login_failure", username, &out)
            Self.string(#","value":"#, reason.rawValue, &out)
            Self.string(#","message":"#, message, &out)
            Self.retry(retryMs, &out)
        case .loggedOut(let username, let reason):
            Self.begin("logged_out", username, &out)
            JSONWriter.append(literal: #","value":true"#, to: &out)
            if let reason { Self.string(#","reason":"#, reason.rawValue, &out) }
        case .error(let username, let code, let message, let retryMs):
            Self.begin("error", username, &out)
            Self.string(#","value":"#, message, &out)
            Self.string(#","code":"#, code.rawValue, &out)
            Self.retry(retryMs, &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func begin(_ type: StaticString, _ username: String, _ out: inout [UInt8]) {
        JSONWriter.append(literal: #"{"type":""#, to: &out)
        JSONWriter.append(literal: type, to: &out)
        string(#"","username":"#, username, &out)
    }

    private static func string(_ key: StaticString, _ value: String, _ out: inout [UInt8]) {
        JSONWriter.append(literal: key, to: &out)
        JSONWriter.append(value, to: &out)
    }

    private static func retry(_ milliseconds: Int?, _ out: inout [UInt8]) {
        guard let milliseconds else { return }
        JSONWriter.append(literal: #","retry_ms":"#, to: &out)
        JSONWriter.append(Int64(milliseconds), to: &out)
    }
}
