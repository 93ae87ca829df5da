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
        guard mayAskSoon, isSure(now) else {
            return effects.append(.settled(draft.sender, .refused(reason: reason)))
        }
        let line = lines.number(of: draft.room)
        if lines.all[line].outbox.add(draft, now: now) {
            noteReady(line)
        } else {
            effects.append(.settled(draft.sender, .refused(reason: Self.busy)))
        }
    }

    /// Nothing is to be done for a turn's end.
    public var isTurnEmpty: Bool { ready.isEmpty }

    mutating func noteReady(_ line: Int) {
        // First what is cheap, and says no for nearly every message.
        guard !lines.all[line].isReady, lines.all[line].outbox.mayLeave, isOpen(line), canAsk else {
            return
        }
        lines.all[line].isReady = true
        ready.append(line)
    }

    mutating func noteAllReady() {
        for line in lines.all.indices { noteReady(line) }
    }

    private func isOpen(_ line: Int) -> Bool {
        // By way of two numbers: whole, either would be copied.
        guard let epoch = lines.all[line].epoch, let reigning = standing?.reign.epoch else {
            return false
        }
        return epoch == reigning
    }

    /// Sends a room's next batch: what its senders may say now, in order.
    mutating func flush(_ line: Int, _ now: Instant, _ effects: inout [Effect]) {
        guard canAsk, isOpen(line), let standing, lines.all[line].outbox.inFlight.isEmpty else {
            return
        }
        guard isSure(now) else {
            return refuseWaiting(Self.unsure, since: .distantFuture, &effects)
        }
        // Out of its place while it changes, or every batch would copy it.
        var outbox = Outbox()
        swap(&outbox, &lines.all[line].outbox)
        var last = LastFound<SocketID>()
        outbox.fill { draft in
            let decision = seal(draft, &last)
            if case .drop = decision { effects.append(.settled(draft.sender, .lost)) }
            return decision
        }
        let drafts = outbox.inFlight.map { $0.sealed }
        swap(&outbox, &lines.all[line].outbox)
        guard !drafts.isEmpty else { return }
        pending.append(.publish(line, standing.reign))
        let call = PublishCall(
            reign: standing.reign,
            incarnation: standing.incarnation,
            room: lines.all[line].room,
            position: lines.all[line].position,
            drafts: drafts
        )
        effects.append(.call(.publish(call)))
    }

    /// Puts proof and number on a message that leaves now.
    private mutating func seal(
        _ draft: Draft,
        _ last: inout LastFound<SocketID>
    ) -> Outbox.Decision {
        guard let index = last.index(of: draft.sender, in: held) else { return .drop }
        guard limbo.isEmpty || limbo.index(forKey: draft.sender) == nil else { return .wait }
        // Where it stands: taken out, it would be copied.
        return held.values[index].seal(draft).map { .send($0) } ?? .wait
    }

    /// Tells the senders of what has waited since before an instant.
    mutating func refuseWaiting(
        _ reason: String,
        since instant: Instant,
        _ effects: inout [Effect]
    ) {
        for line in lines.all.indices {
            for draft in lines.all[line].outbox.takeWaiting(since: instant) {
                effects.append(.settled(draft.sender, .refused(reason: reason)))
            }
        }
    }
}

// MARK: - Answers

extension BrokerClient {
    mutating func takeInFlight(of line: Int) -> [Outbox.Sent] {
        let sent = lines.all[line].outbox.takeInFlight()
        lines.all[line].outbox.shrink()
        return sent
    }

    mutating func publishAnswered(
        _ line: Int,
        _ reign: Reign,
        _ answer: PublishAnswer,
        _ effects: inout [Effect]
    ) {
        let sent = takeInFlight(of: line)
        switch answer {
        case .verdicts(let verdicts, _):
            noteAccepted(sent, verdicts, in: line, reign)
            settle(sent, verdicts, &effects)
        case .otherHistory:
            // Nothing was written: the same messages go again, under the same numbers, when the room
            // has been caught up with.
            freeNumbers(of: sent)
            lines.all[line].outbox.putBack(sent)
            lines.all[line].position = nil
            effects.append(.doubtRoom(lines.all[line].room))
        case .otherReign:
            sendToLimbo(sent, &effects)
            if reign == standing?.reign { doubtStanding(&effects) }
        }
        noteReady(line)
    }

    /// The room ends where the newest accepted message stands, or later.
    private mutating func noteAccepted(
        _ sent: [Outbox.Sent],
        _ verdicts: [PublishVerdict],
        in line: Int,
        _ reign: Reign
    ) {
        for index in verdicts.indices.reversed() {
            guard case .accepted(let seq) = verdicts[index], index < sent.count else { continue }
            let mid = sent[index].sealed.mid
            lines.all[line].advance(to: Position(epoch: reign.epoch, seq: seq, mid: mid))
            return
        }
    }

    /// Tells the senders; those of messages that stand in a row together.
    private mutating func settle(
        _ sent: [Outbox.Sent],
        _ verdicts: [PublishVerdict],
        _ effects: inout [Effect]
    ) {
        var unknown: [Outbox.Sent] = []
        var row = AcceptedRow()
        var last = LastFound<SocketID>()
        for index in 0..<min(sent.count, verdicts.count) {
            let sender = sent[index].sealed.draft.sender
            switch verdicts[index] {
            case .accepted(let seq):
                accept(sent[index].sealed.n, of: sender, at: seq, &last)
                if !row.add(sender, seq) {
                    row.end(&effects)
                    row = AcceptedRow(sender, seq)
                }
            case .duplicate(let seq):
                row.end(&effects)
                accept(sent[index].sealed.n, of: sender, at: seq ?? 0, &last)
                effects.append(.settled(sender, .accepted(seq: seq)))
            case .gap, .fenced:
                // Not what was believed: the record itself is to tell.
                var message = sent[index]
                message.isVoid = true
                unknown.append(message)
            }
        }
        row.end(&effects)
        sendToLimbo(unknown, &effects)
    }

    /// Messages of one sender that were accepted one behind the other.
    private struct AcceptedRow {
        private let sender: SocketID?
        private let first: UInt64
        private var count: Int

        /// None.
        init() { (sender, first, count) = (nil, 0, 0) }

        init(_ sender: SocketID, _ seq: UInt64) { (self.sender, first, count) = (sender, seq, 1) }

        /// False where it is not the row's next.
        mutating func add(_ sender: SocketID, _ seq: UInt64) -> Bool {
            guard sender == self.sender, seq == first + UInt64(count) else { return false }
            count += 1
            return true
        }

        /// Tells the sender, if there is any, and is empty afterwards.
        mutating func end(_ effects: inout [Effect]) {
            guard let sender else { return }
            effects.append(.settled(sender, .accepted(seq: first), count: count))
            self = AcceptedRow()
        }
    }

    /// Written by way of an index: through the subscript it would cost three allocations.
    private mutating func accept(
        _ n: UInt64,
        of sender: SocketID,
        at seq: UInt64,
        _ last: inout LastFound<SocketID>
    ) {
        guard let index = last.index(of: sender, in: held) else { return }
        held.values[index].accept(n, at: seq)
    }

    /// Turned away before anything was written: the numbers are free again.
    mutating func publishRefused(
        _ line: Int,
        _ reason: String,
        _ effects: inout [Effect]
    ) {
        let sent = takeInFlight(of: line)
        freeNumbers(of: sent)
        for message in sent.reversed() {
            effects.append(.settled(message.sealed.draft.sender, .refused(reason: reason)))
        }
        noteReady(line)
    }

    /// The numbers of messages that were not written are their senders' next ones again.
    private mutating func freeNumbers(of sent: [Outbox.Sent]) {
        for message in sent.reversed() {
            held[message.sealed.draft.sender]?.n = message.sealed.n - 1
        }
    }

    /// The fate of messages is unknown: nothing newer of their senders goes before it is settled.
    mutating func sendToLimbo(_ messages: [Outbox.Sent], _ effects: inout [Effect]) {
        for message in messages {
            let sender = message.sealed.draft.sender
            guard held[sender] != nil else {
                effects.append(.settled(sender, .lost))
                continue
            }
            if let index = limbo.index(forKey: sender) {
                limbo.values[index].append(message)
            } else {
                limbo[sender] = [message]
            }
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
            lines.all[lines.number(of: room)].outbox.putBack(messages)
        }
    }
}

extension Tenancy {
    /// Puts proof and the next number on a message; nil where the name is not sure.
    fileprivate mutating func seal(_ draft: Draft) -> SealedDraft? {
        guard phase == .held else { return nil }
        n += 1
        return SealedDraft(
            key: username.key,
            session: session,
            fence: fence,
            lineage: lineage,
            n: n,
            draft: draft
        )
    }
}
