/// Taking messages back.
extension Session {
    /// Takes a message back. Returns false if it has to wait, as a message has to.
    mutating func remove(
        _ target: (seq: UInt64, mid: JSONString),
        _ reason: Range<Int>?,
        _ request: Request,
        _ text: RawSpan,
        _ effects: inout [Effect]
    ) -> Bool {
        guard let room = room(of: request, text, &effects) else { return true }
        guard mayFollow(in: room) else { return refuseStalled(request, text, &effects) }
        guard case .held(let username) = name, Self.isName(username, of: request, text) else {
            refuse(whyNotHolder, request, text, &effects)
            return true
        }
        guard let mid = target.mid.decoded(in: text).flatMap({ MessageID($0) }) else {
            refuse(.noSuchMessage, request, text, &effects)
            return true
        }
        guard (reason?.count ?? 0) <= Limits.removalReasonBytes else {
            refuse(.reasonTooLong, request, text, &effects)
            return true
        }
        let body = RemovedBody.notice(
            of: .init(seq: target.seq, mid: mid),
            by: username.display,
            reason: reason.map { range in text.extracting(range).withUnsafeBytes { Array($0) } },
            in: room
        )
        send(body, to: room, isRemoval: true, request, text, &effects)
        return true
    }

    /// Charges the client for a request that has a limit of its own. Not inlined, because it is rare.
    @inline(never)
    mutating func isRareAdmitted(
        _ request: Request,
        _ text: RawSpan,
        _ now: Instant,
        _ effects: inout [Effect]
    ) -> Bool {
        switch request.action {
        case .remove: isRemovalAdmitted(request, text, now, &effects)
        case .typing: isTypingAdmitted(now: now)
        default: true
        }
    }

    /// Charges the client for a removal, and tells it if that is too many.
    mutating func isRemovalAdmitted(
        _ request: Request,
        _ text: RawSpan,
        _ now: Instant,
        _ effects: inout [Effect]
    ) -> Bool {
        guard let rate = rules.rooms.removals,
            let wait = startConversation().takeRemoval(at: rate, now: now)
        else { return true }
        refuse(.tooMuch(retryAfter: .nanoseconds(wait)), request, text, &effects)
        return false
    }
}

extension Session.Refusal {
    /// Makes the refusal of a removal.
    init(_ why: RemovalRefusal) {
        switch why {
        case .notFound: self = .noSuchMessage
        case .notOwn: self = .notOwnMessage
        case .tooLate: self = .messageTooOld
        case .tooSoon(let wait): self = .tooMuch(retryAfter: wait)
        }
    }
}
