public import ChatCore

/// What comes from the node.
extension ClientMachine {
    /// Takes a text. What comes on a socket whose successor is open is void: the rooms are joined again
    /// over that one, from where the client stood.
    public mutating func received(_ text: RawSpan, on socket: SocketNumber, at now: Instant) {
        self.now = now
        guard case .open(socket) = link, let message = HeardMessage(text) else { return }
        take(message, text)
        goOn()
    }

    private mutating func take(_ message: HeardMessage, _ text: RawSpan) {
        switch message.type {
        case "logged_in": loggedIn(message)
        case "login_failure": loginFailed(message)
        case "logged_out": loggedOut(message)
        case "ack": acknowledged(message)
        case "error": refused(message)
        case "history": historyRead(message)
        case "status": status(message)
        case "reconnect": reconnect(message)
        case "token_expiring":
            let left = Duration.milliseconds(Int64(clamping: message.inMs ?? 0))
            effects.append(.report(.tokenExpiring(left)))
        case "pong": break
        case "joined":
            if let index = index(of: message) { joined(index, message) }
        default:
            if let index = index(of: message), rooms[index].isInside, !rooms[index].isVisit {
                heard(message, text, in: index)
            }
        }
    }

    private func index(of message: HeardMessage) -> Int? {
        let name = message.room ?? RoomName.lobby.text
        return rooms.firstIndex { $0.name == name }
    }

    private mutating func status(_ message: HeardMessage) {
        isDegraded = message.value == "\"degraded\""
        effects.append(.report(isDegraded ? .degraded : .recovered))
        // What was asked for meanwhile is answered from now on.
        if !isDegraded { liveness.excuse(until: now) }
    }

    /// Finds what a refusal answers: a message by its number, a request for older messages by its `id`, a
    /// `join` by its room.
    private mutating func refused(_ message: HeardMessage) {
        if let n = message.n { return messageRefused(n, message) }
        if let id = message.id {
            let index = histories.firstIndex { $0.isAsked && "\"\($0.id)\"" == id }
            if let index { historyRefused(index, message) }
            return
        }
        if message.room != nil, let index = index(of: message), case .asked = rooms[index].phase {
            return joinRefused(index, message)
        }
        // Nothing but a claim is refused without a room: there were too many requests.
        if message.room == nil, message.code == "rate_limited", case .asked = login.phase {
            login.phase = .paused(until: now + pause(message))
        }
        // The node frees the name after the end of the socket.
        if message.room == nil, message.code == "rate_limited", login.phase == .releasing,
            case .open(let socket) = link
        {
            effects.append(.cut(socket))
        }
    }
}
