extension Session {
    /// What a session has of a name. While an answer is outstanding, the client's next requests
    /// wait. Layout: what only lasts until an answer comes is stored indirectly, because a session
    /// is nearly always idle, and there are many sessions.
    enum Name {
        /// The session has no name.
        case none
        /// The name is the session's.
        case held(Username)
        /// A name has been asked for; until it is granted, the session has the former one, if any.
        indirect case claiming(Username, former: Username?)
        /// The client has given the name back.
        indirect case releasing(Username)
        /// The former name has been given up after a change of name; the new one may be lost
        /// meanwhile.
        indirect case changed(to: Username?)
        /// The name has been given up after the socket was closed.
        case leaving
        /// The session has ended.
        case over

        /// A name for which no answer is outstanding.
        init(_ held: Username?) {
            self = if let held { .held(held) } else { .none }
        }

        /// The name held, if any.
        var held: Username? {
            switch self {
            case .held(let username): username
            case .claiming(_, let former): former
            case .changed(let username): username
            case .none, .releasing, .leaving, .over: nil
            }
        }
    }
}

// MARK: - Requests in a name

extension Session {
    /// Returns the name held if the request is in that name; otherwise tells the client.
    func holder(
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Username? {
        if let held = name.held, Self.isName(held, of: request, text) { return held }
        refuse(whyNotHolder, request, text, &effects)
        return nil
    }

    var whyNotHolder: Refusal {
        if let held = name.held { .otherName(held: held) } else { .notLoggedIn }
    }

    /// Whether a request is in this name. It nearly always spells the name exactly as it is shown,
    /// which is checked first.
    @inline(__always)
    static func isName(_ username: Username, of request: Request, _ text: RawSpan) -> Bool {
        guard let sent = request.name else { return true }
        if !sent.hasEscapes, username.isSpelled(by: text.extracting(sent.range)) { return true }
        return isSpelling(sent, of: username, text)
    }

    private static func isSpelling(
        _ sent: JSONString,
        of username: Username,
        _ text: RawSpan
    ) -> Bool {
        guard let name = sent.decoded(in: text), let same = try? Username(name) else {
            return false
        }
        return same == username
    }
}
