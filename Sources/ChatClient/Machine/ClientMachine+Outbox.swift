public import ChatCore

/// Speaking: what is numbered, and what is not.
extension ClientMachine {
    /// Says a value, which is JSON, in a room. The call is answered with `.receipt` once the message is
    /// accepted.
    public mutating func say(
        _ value: [UInt8],
        in room: String,
        call: CallNumber,
        at now: Instant
    ) {
        enqueue(ClientRequest.chat(value, in: room), call, now)
    }

    /// Takes a message back. The call is answered with `.receipt` once that is accepted.
    public mutating func remove(
        seq: UInt64,
        mid: String,
        reason: String?,
        in room: String,
        call: CallNumber,
        at now: Instant
    ) {
        let request = ClientRequest.remove(seq: seq, mid: mid, reason: reason, in: room)
        enqueue(request, call, now)
    }

    private mutating func enqueue(_ json: [UInt8], _ call: CallNumber, _ now: Instant) {
        self.now = now
        if let over { return answer(call, .failure(over)) }
        switch login.phase {
        case .none, .releasing: return answer(call, .failure(.notLoggedIn))
        case _ where login.isEnding: return answer(call, .failure(.notLoggedIn))
        case .wanted, .asked, .held, .paused: break
        }
        guard outbox.append(json, call: call) else { return answer(call, .failure(.outboxFull)) }
        goOn()
    }

    /// Takes that the task of a call was cancelled. A message that was not sent is taken back.
    public mutating func cancel(_ call: CallNumber, at now: Instant) {
        self.now = now
        if let wasTakenBack = outbox.cancel(call) {
            answer(call, .failure(wasTakenBack ? .cancelled : .unknownOutcome))
        } else if let index = histories.firstIndex(where: { $0.call == call }) {
            // The answer to what was asked is still awaited, so that it is not taken for another's.
            if histories[index].isAsked {
                histories[index].call = nil
            } else {
                histories.remove(at: index)
            }
            answer(call, .failure(.cancelled))
        } else if let room = rooms.first(where: { $0.call == call || $0.next?.call == call }) {
            forget(room.name)
            answer(call, .failure(.cancelled))
        } else if login.call == call {
            login.call = nil
            answer(call, .failure(.cancelled))
            if !login.wasHeld { endLogin() }
        } else if let index = login.endCalls.firstIndex(of: call) {
            login.endCalls.remove(at: index)
            if login.endCalls.isEmpty { login.isEnding = false }
            answer(call, .failure(.cancelled))
        }
        goOn()
    }

    /// Tells a room that the user is typing: at most every `Limits.clientTypingInterval`, and only while the
    /// client is there and has a name. It is not kept for later.
    public mutating func typing(in room: String, at now: Instant) {
        self.now = now
        guard case .open(let socket) = link, login.phase == .held,
            let index = rooms.firstIndex(where: { $0.name == room }), rooms[index].isInside,
            now >= rooms[index].typedAt + Limits.clientTypingInterval
        else { return }
        rooms[index].typedAt = now
        effects.append(.send(socket, ClientRequest.typing(room)))
    }

    // MARK: Answers

    mutating func acknowledged(_ message: HeardMessage) {
        guard let n = message.n, let mid = message.mid else { return }
        let receipt = Receipt(mid: mid, seq: message.seq, timestampMs: message.timestampMs)
        answer(outbox.acknowledged(n, receipt, now: now))
    }

    /// Takes the refusal of a message with a number.
    mutating func messageRefused(_ n: UInt64, _ message: HeardMessage) {
        let code = message.code ?? ""
        switch code {
        case "resend":
            let pause = message.retryMs == nil ? .zero : pause(message)
            answer(outbox.postponed(n, due: message.from, pause: pause, now: now))
        case "unavailable", "rate_limited":
            if code == "rate_limited" { outbox.slowDown() }
            let pause = pause(message)
            answer(outbox.postponed(n, due: nil, pause: pause, now: now))
        case "not_logged_in", "wrong_username", "token_expired":
            // Whether it was accepted shows the next login.
            claimAgain()
        default:
            answer(outbox.refused(n, refusal(message), now: now))
        }
    }

    func refusal(_ message: HeardMessage) -> ChatClientError {
        .refused(
            code: message.code ?? "",
            message: message.value.flatMap(HeardMessage.text(ofJSON:)) ?? ""
        )
    }
}
