/// Settles messages: by the answer to their call or, if that was lost, by the next claim of their
/// sender's name.
extension BrokerClient {
    /// Removes and returns the messages in flight.
    mutating func takeInFlight(of number: Int) -> [Outbox.Sent] {
        let sent = rooms.all[number].outbox.takeInFlight()
        rooms.all[number].outbox.shrink()
        return sent
    }

    mutating func publishAnswered(
        _ number: Int,
        _ epoch: Epoch,
        _ answer: PublishAnswer,
        _ effects: inout [Effect]
    ) {
        let sent = takeInFlight(of: number)
        switch answer {
        case .verdicts(let verdicts, let ms):
            if case .notRemoved(let why)? = verdicts.first {
                refuseRemoval(sent, why, &effects)
            } else {
                noteAccepted(sent, verdicts, in: number, epoch)
                settle(sent, verdicts, ms, &effects)
            }
        case .otherHistory:
            // The broker has written nothing: the same messages leave again, with the same numbers, when
            // the room has been caught up with.
            freeNumbers(of: sent)
            for message in sent.reversed() {
                held[message.sealed.draft.sender]?.putBack(message.sealed.n)
            }
            rooms.all[number].outbox.putBack(sent.filter { held[$0.sealed.draft.sender] != nil })
            let over = sent.filter { held[$0.sealed.draft.sender] == nil }
            markInDoubt(over.map(Self.void), &effects)
            rooms.all[number].position = nil
            effects.append(.recheckRoom(rooms.all[number].room))
        case .otherEpoch:
            // The broker has written nothing.
            markInDoubt(sent.map(Self.void), &effects)
            if epoch == registration?.epoch { recheckRegistration(&effects) }
        }
        markReady(number)
    }

    /// Moves the room's position to the newest accepted message; the room ends there, or later.
    private mutating func noteAccepted(
        _ sent: [Outbox.Sent],
        _ verdicts: [PublishVerdict],
        in number: Int,
        _ epoch: Epoch
    ) {
        for index in verdicts.indices.reversed() {
            guard case .accepted(let seq) = verdicts[index], index < sent.count else { continue }
            let mid = sent[index].sealed.mid
            rooms.all[number].advance(to: Position(epoch: epoch.number, seq: seq, mid: mid))
            return
        }
    }

    /// Tells the senders what became of their messages; successive ones of a sender are told
    /// together.
    private mutating func settle(
        _ sent: [Outbox.Sent],
        _ verdicts: [PublishVerdict],
        _ ms: Int64,
        _ effects: inout [Effect]
    ) {
        var unknown: [Outbox.Sent] = []
        var row = AcceptedRow()
        var last = LastFound<SocketID>()
        for index in 0..<min(sent.count, verdicts.count) {
            let sender = sent[index].sealed.draft.sender
            let tag = sent[index].sealed.draft.tag
            switch verdicts[index] {
            case .accepted(let seq):
                accept(sent[index].sealed.n, of: sender, at: seq, &last)
                if !row.add(sender, tag, seq) {
                    row.end(ms, &effects)
                    row = AcceptedRow(sender, tag, seq, sent[index].sealed.mid)
                }
            case .duplicate(let seq):
                row.end(ms, &effects)
                accept(sent[index].sealed.n, of: sender, at: seq ?? 0, &last)
                let mid = sent[index].sealed.mid
                let place = Acceptance(mid: mid, seq: seq, isRepeated: true)
                let alone = DraftSpan(tag: tag)
                effects.append(.tell(sender, .settled(.accepted(place), of: alone)))
            case .gap, .fenced, .notRemoved:
                // This contradicts what the client knows of the name; claiming it again settles the
                // message.
                unknown.append(Self.void(sent[index]))
            }
        }
        row.end(ms, &effects)
        markInDoubt(unknown, &effects)
    }

    /// Returns a message of which an answer has said that it was not written, that time.
    private static func void(_ message: Outbox.Sent) -> Outbox.Sent {
        var message = message
        message.isVoid = !message.mayBeHeard
        return message
    }

    /// Messages of one sender that were accepted one after the other.
    private struct AcceptedRow {
        /// The sender, and the id of its first message; nil: the row is empty.
        private let first: (sender: SocketID, mid: MessageID)?
        private let firstSeq: UInt64
        private var drafts: DraftSpan

        /// Makes an empty row.
        init() { (first, firstSeq, drafts) = (nil, 0, DraftSpan(count: 0)) }

        init(_ sender: SocketID, _ tag: DraftTag, _ seq: UInt64, _ mid: MessageID) {
            (first, firstSeq, drafts) = ((sender, mid), seq, DraftSpan(tag: tag))
        }

        /// Adds a message; returns false if it is not the row's next.
        mutating func add(_ sender: SocketID, _ tag: DraftTag, _ seq: UInt64) -> Bool {
            guard sender == first?.sender, seq == firstSeq + UInt64(drafts.count),
                tag == drafts.tag.advanced(by: drafts.count)
            else { return false }
            drafts.count += 1
            return true
        }

        /// Tells the sender, if the row is not empty, and empties it.
        mutating func end(_ ms: Int64, _ effects: inout [Effect]) {
            guard let first else { return }
            let place = Acceptance(mid: first.mid, seq: firstSeq, ms: ms)
            effects.append(.tell(first.sender, .settled(.accepted(place), of: drafts)))
            self = AcceptedRow()
        }
    }

    /// Notes that a message was accepted, and is not in flight any more. By index, because the
    /// subscript would cost three allocations.
    private mutating func accept(
        _ n: UInt64,
        of sender: SocketID,
        at seq: UInt64,
        _ last: inout LastFound<SocketID>
    ) {
        guard let index = last.index(of: sender, in: held) else { return }
        held.values[index].accept(n, at: seq)
    }

    /// Handles a publish that was refused before anything was written: the numbers are free again.
    mutating func publishRefused(
        _ number: Int,
        _ reason: String,
        _ effects: inout [Effect]
    ) {
        let sent = takeInFlight(of: number)
        freeNumbers(of: sent)
        for message in sent {
            let draft = message.sealed.draft
            let fate = message.mayBeHeard ? Settlement.unknown : .refused(reason: reason)
            effects.append(.tell(draft.sender, .settled(fate, of: draft.alone)))
        }
        markReady(number)
    }

    /// Handles a removal that was refused. Rare, and so not inlined.
    @inline(never)
    private mutating func refuseRemoval(
        _ sent: [Outbox.Sent],
        _ why: RemovalRefusal,
        _ effects: inout [Effect]
    ) {
        // It is alone in its call.
        freeNumbers(of: sent)
        for message in sent {
            let (sender, alone) = (message.sealed.draft.sender, message.sealed.draft.alone)
            let isKept = held[sender]?.keepsNumber(of: message.sealed) == true
            switch why {
            case .notFound where isKept || message.mayBeHeard:
                // The message is not kept any more, so it counts as removed. The next claim says so to the
                // record, and settles the removal.
                held[sender]?.skip(upTo: message.sealed.n)
                markInDoubt([message], &effects)
            case .notFound, .notOwn, .tooLate:
                held[sender]?.free(message.sealed.n)
                effects.append(.tell(sender, .settled(.notRemoved(why), of: alone)))
            case .tooSoon:
                // Its client asks again later, under the same number.
                effects.append(.tell(sender, .settled(.notRemoved(why), of: alone)))
            }
        }
    }

    /// Lets senders use the numbers of messages again that were not written.
    private mutating func freeNumbers(of sent: [Outbox.Sent]) {
        for message in sent.reversed() {
            held[message.sealed.draft.sender]?.takeBack(message.sealed.n)
        }
    }

    /// Keeps messages whose fate is unknown: no newer message of their senders is sent before they
    /// are settled.
    mutating func markInDoubt(_ messages: [Outbox.Sent], _ effects: inout [Effect]) {
        for message in messages {
            let sender = message.sealed.draft.sender
            guard held[sender] != nil else {
                let settlement = message.isVoid ? Settlement.lost : .unknown
                effects.append(.tell(sender, .settled(settlement, of: message.sealed.draft.alone)))
                continue
            }
            if !message.isVoid {
                let isOfClient = message.sealed.draft.tag.n != nil
                held[sender]?.doubt(message.sealed.n, isOfClient: isOfClient)
            }
            if let index = inDoubt.index(forKey: sender) {
                inDoubt.values[index].append(message)
            } else {
                inDoubt[sender] = [message]
            }
            markUnconfirmed(sender)
        }
    }

    /// Settles the messages of a login that is over which have no answer, and which no claim can settle any more:
    /// the name's record counts another login's messages, or none. Those that were never sent are told when they
    /// leave their outbox.
    ///
    /// Cost: a look at each message of the loop that is on its way, if one of the login's may be sent again.
    mutating func endInDoubt(_ socket: SocketID, _ name: HeldName, _ effects: inout [Effect]) {
        for message in inDoubt.removeValue(forKey: socket) ?? [] {
            let fate = name.fate(of: message.sealed.mid, isVoid: message.isVoid)
            effects.append(.tell(socket, .settled(fate, of: message.sealed.draft.alone)))
        }
        guard name.lastInDoubt > name.accepted || !name.waitingAgain.isEmpty else { return }
        var again = name.waitingAgain[...]
        for number in speaking {
            rooms.all[number].outbox.doubt(upTo: name.lastInDoubt, of: socket)
            rooms.all[number].outbox.takeWaiting(of: socket) { draft in
                guard let n = draft.tag.n ?? again.popFirst(), n <= name.lastInDoubt else {
                    return false
                }
                let fate = name.fate(of: MessageID(producer: name.producer, n: n))
                effects.append(.tell(socket, .settled(fate, of: draft.alone)))
                return true
            }
        }
    }

    /// Settles a socket's messages after its name was claimed again. The grant says which number
    /// was accepted last: messages up to it were accepted; later ones were not, and never will be
    /// under the old fence. Or they were, and others have heard them, and all data is lost that says so: so a
    /// message that is sent again keeps its number, and that of one that is refused is no other message's.
    mutating func settle(_ socket: SocketID, _ now: Instant, _ effects: inout [Effect]) {
        defer { markAllReady() }
        guard let messages = inDoubt.removeValue(forKey: socket), let name = held[socket] else {
            return
        }
        var again: [Outbox.Sent] = []
        for message in messages {
            if message.sealed.n <= name.accepted {
                let isNewest = message.sealed.n == name.accepted && name.acceptedSeq > 0
                let seq = isNewest ? name.acceptedSeq : nil
                let place = Acceptance(mid: message.sealed.mid, seq: seq)
                let alone = message.sealed.draft.alone
                effects.append(.tell(socket, .settled(.accepted(place), of: alone)))
            } else if message.since + Limits.resendAge > now {
                again.append(message)
            } else {
                let alone = message.sealed.draft.alone
                effects.append(
                    .tell(socket, .settled(.refused(reason: Self.lostTouch), of: alone))
                )
            }
        }
        for message in again.reversed() { held[socket]?.putBack(message.sealed.n) }
        while let room = again.first?.sealed.draft.room {
            let number = rooms.number(of: room)
            rooms.all[number].outbox.putBack(again.filter { $0.sealed.draft.room == room })
            if !rooms.all[number].isSpeaking { beginSpeaking(number, &effects) }
            again.removeAll { $0.sealed.draft.room == room }
        }
    }
}
