/// What became of a message.
public enum Settlement: Sendable, Hashable {
    /// It stands in its room's order; its place is known unless an answer got lost.
    case accepted(seq: UInt64?)
    /// It does not, and will not: what to tell people.
    case refused(reason: String)
    /// It does not, and will not: its sender's name has passed on.
    case lost
    /// Nobody can tell any more: its sender's name has passed on while its answer was awaited.
    case unknown
}

extension BrokerClient {
    /// A session says something. Answered by `settled`, once: at once where it cannot be said.
    public mutating func publish(_ draft: Draft, now: Instant, into effects: inout [Effect]) {
        guard canAsk, isSure(now) else {
            let reason = canAsk ? Self.unsure : trouble
            return effects.append(.settled(draft.sender, .refused(reason: reason)))
        }
        if outboxes[draft.room, default: Outbox(maxWaiting: maxWaiting)].add(draft, now: now) {
            noteReady(draft.room)
        } else {
            effects.append(.settled(draft.sender, .refused(reason: Self.busy)))
        }
    }

    /// Nothing is to be done for a turn's end.
    public var isTurnEmpty: Bool { ready.isEmpty }

    mutating func noteReady(_ room: RoomName) {
        // First what is cheap, and says no for nearly every message.
        guard !ready.contains(room), outboxes[room]?.mayLeave == true, isOpen(room), canAsk else {
            return
        }
        ready.append(room)
    }

    mutating func noteAllReady() {
        for room in Array(outboxes.keys) { noteReady(room) }
    }

    private func isOpen(_ room: RoomName) -> Bool {
        guard let open = openRooms[room] else { return false }
        return open.epoch == standing?.reign.epoch
    }

    /// Sends a room's next batch: what its senders may say now, in order.
    mutating func flush(_ room: RoomName, _ now: Instant, _ effects: inout [Effect]) {
        guard canAsk, isOpen(room), let standing, var outbox = outboxes[room],
            outbox.inFlight.isEmpty
        else { return }
        guard isSure(now) else {
            return refuseWaiting(Self.unsure, since: .distantFuture, &effects)
        }
        // Out of the table while it changes, or every batch would copy it.
        outboxes[room] = nil
        outbox.fill { draft in
            let decision = seal(draft)
            if case .drop = decision { effects.append(.settled(draft.sender, .lost)) }
            return decision
        }
        let drafts = outbox.inFlight.map { $0.sealed }
        if !outbox.isEmpty { outboxes[room] = outbox }
        guard !drafts.isEmpty else { return }
        pending.append(.publish(room, standing.reign))
        let call = PublishCall(
            reign: standing.reign,
            incarnation: standing.incarnation,
            room: room,
            lastSeq: openRooms[room]?.lastSeq ?? 0,
            drafts: drafts
        )
        effects.append(.call(.publish(call)))
    }

    /// Puts proof and number on a message that leaves now.
    private mutating func seal(_ draft: Draft) -> Outbox.Decision {
        guard let index = held.index(forKey: draft.sender) else { return .drop }
        guard held.values[index].phase == .held, limbo.isEmpty || limbo[draft.sender] == nil else {
            return .wait
        }
        held.values[index].n += 1
        let tenancy = held.values[index]
        return .send(
            SealedDraft(
                key: tenancy.username.key,
                session: tenancy.session,
                fence: tenancy.fence,
                lineage: tenancy.lineage,
                n: tenancy.n,
                draft: draft
            )
        )
    }

    /// Tells the senders of what has waited since before an instant.
    mutating func refuseWaiting(
        _ reason: String,
        since instant: Instant,
        _ effects: inout [Effect]
    ) {
        for room in Array(outboxes.keys) {
            for draft in outboxes[room]?.takeWaiting(since: instant) ?? [] {
                effects.append(.settled(draft.sender, .refused(reason: reason)))
            }
            dropIfEmpty(room)
        }
    }

    private mutating func dropIfEmpty(_ room: RoomName) {
        if outboxes[room]?.isEmpty == true { outboxes[room] = nil }
    }
}

// MARK: - Answers

extension BrokerClient {
    mutating func takeInFlight(of room: RoomName) -> [Outbox.Sent] {
        let sent = outboxes[room]?.takeInFlight() ?? []
        dropIfEmpty(room)
        return sent
    }

    mutating func publishAnswered(
        _ room: RoomName,
        _ reign: Reign,
        _ answer: PublishAnswer,
        _ effects: inout [Effect]
    ) {
        let sent = takeInFlight(of: room)
        switch answer {
        case .verdicts(let verdicts, _):
            var unknown: [Outbox.Sent] = []
            for (var message, verdict) in zip(sent, verdicts) {
                let sender = message.sealed.draft.sender
                switch verdict {
                case .accepted(let seq):
                    accept(message.sealed, at: seq)
                    effects.append(.settled(sender, .accepted(seq: seq)))
                case .duplicate(let seq):
                    accept(message.sealed, at: seq ?? 0)
                    effects.append(.settled(sender, .accepted(seq: seq)))
                case .gap, .fenced:
                    // Not what was believed: the record itself is to tell.
                    message.isVoid = true
                    unknown.append(message)
                }
            }
            sendToLimbo(unknown, &effects)
        case .otherReign:
            sendToLimbo(sent, &effects)
            if reign == standing?.reign { doubtStanding(&effects) }
        }
        noteReady(room)
    }

    /// Written by way of an index: through the subscript it would cost three allocations.
    private mutating func accept(_ sealed: SealedDraft, at seq: UInt64) {
        guard let index = held.index(forKey: sealed.draft.sender) else { return }
        held.values[index].accept(sealed.n, at: seq)
    }

    /// Turned away before anything was written: the numbers are free again.
    mutating func publishRefused(
        _ room: RoomName,
        _ reason: String,
        _ effects: inout [Effect]
    ) {
        for message in takeInFlight(of: room).reversed() {
            let sender = message.sealed.draft.sender
            held[sender]?.n = message.sealed.n - 1
            effects.append(.settled(sender, .refused(reason: reason)))
        }
        noteReady(room)
    }

    /// The fate of messages is unknown: nothing newer of their senders goes before it is settled.
    mutating func sendToLimbo(_ messages: [Outbox.Sent], _ effects: inout [Effect]) {
        for message in messages {
            let sender = message.sealed.draft.sender
            guard held[sender] != nil else {
                effects.append(.settled(sender, .lost))
                continue
            }
            limbo[sender, default: []].append(message)
            makeDoubtful(sender)
        }
    }

    /// A name is sure again, and its record says which number was the last: what is up to it was
    /// accepted; what is beyond was not, and never will be under the old fence.
    mutating func settle(_ socket: SocketID, _ now: Instant, _ effects: inout [Effect]) {
        defer { noteAllReady() }
        guard let messages = limbo.removeValue(forKey: socket), let tenancy = held[socket] else {
            return
        }
        var again: [RoomName: [Outbox.Sent]] = [:]
        for message in messages {
            if message.sealed.n <= tenancy.accepted {
                let isNewest = message.sealed.n == tenancy.accepted && tenancy.acceptedSeq > 0
                let seq = isNewest ? tenancy.acceptedSeq : nil
                effects.append(.settled(socket, .accepted(seq: seq)))
            } else if message.since + Limits.resendAge > now {
                again[message.sealed.draft.room, default: []].append(message)
            } else {
                effects.append(.settled(socket, .refused(reason: Self.unsure)))
            }
        }
        for (room, messages) in again {
            outboxes[room, default: Outbox(maxWaiting: maxWaiting)].putBack(messages)
        }
    }
}
