import ChatCore

extension StoreCodec {
    func words(_ call: PublishCall) -> RedisCommand {
        let hasSender = call.removal?.authority != .moderator
        let (senders, ofDraft) = hasSender ? SenderProof.all(of: call) : ([], [0])
        let bytes = call.drafts.reduce(0) {
            $0 + PublicationCodec.length(of: $1.draft.body.count, as: $1.mid)
        }
        var command = RedisCommand(
            .publish,
            keys: 4,
            reserving: 1024 + bytes + senders.count * SenderProof.roomBytes
        )
        command.add(keys.epoch)
        command.add(keys.roomStem, call.room.text)
        command.add(keys.logStem, call.room.text)
        command.add(keys.heldStem, call.incarnation)
        command.add(call.epoch)
        command.add(keys.channel(of: call.room))
        command.add(call.position.map { .init(seq: $0.seq, mid: $0.mid) }, orElse: "")
        command.add(UInt64(retention.messages))
        command.add(UInt64(retention.bytes))
        command.add(UInt64(retention.milliseconds))
        command.add(UInt64(memory))
        command.add(length: bytes) { out in
            for sealed in call.drafts {
                PublicationCodec.append(sealed.draft.body.span.bytes, as: sealed.mid, to: &out)
            }
        }
        command.add(ofDraft)
        command.add(call.drafts.last?.mid)
        command.add(length: senders.count) { out in
            for sender in senders { out.append(sender.last) }
        }
        for sender in senders { command.add(sender.key) }
        for sender in senders { sender.addBefore(to: &command) }
        for sender in senders { sender.addAfter(to: &command) }
        if let removal = call.removal { command.add(removal, call, retention) }
        return command
    }

    /// The answer to a call of `count` messages.
    func publishAnswer(_ reply: RespValue, count: Int) throws(StoreReplyError) -> PublishAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "accepted":
            let ms: Int64 = try reply.number()
            let first: UInt64 = try reply.number()
            guard reply.count == 0, first.addingReportingOverflow(UInt64(count)).overflow == false
            else { throw reply.unexpected }
            return .verdicts((0..<UInt64(count)).map { .accepted(seq: first + $0) }, ms: ms)
        case "verdicts":
            let ms: Int64 = try reply.number()
            guard reply.count == count else { throw reply.unexpected }
            var verdicts: [PublishVerdict] = []
            verdicts.reserveCapacity(count)
            for _ in 0..<count {
                guard let verdict = PublishVerdict(try reply.part()) else { throw reply.unexpected }
                verdicts.append(verdict)
            }
            return .verdicts(verdicts, ms: ms)
        case "other-history": return .otherHistory
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }

    /// `birth` names the room's place if it begins now.
    func words(_ call: CatchUpCall, birth: ProducerID) -> RedisCommand {
        var command = RedisCommand(.catchup, keys: 4)
        command.add(keys.epoch)
        command.add(keys.roomStem, call.room.text)
        command.add(keys.logStem, call.room.text)
        command.add(keys.hereStem, call.room.text)
        command.add(call.epoch)
        command.add(UInt64(memory))
        command.add(UInt64(call.limit))
        command.add(MessageID.birth(birth))
        guard let position = call.position else { return command }
        command.add(position.epoch)
        command.add(position.seq)
        command.add(position.mid)
        switch call.replacing {
        case nil: command.add(nil, orElse: "")
        case .some(.none): command.add(nil, orElse: "-")
        case .top(let found): command.add(found)
        }
        command.add(call.mayLackMore ? .birth(birth) : position.mid)
        for mark in call.marks { command.add(mark) }
        return command
    }

    /// Reads the answer to a catch-up of a room under an epoch.
    func catchUpAnswer(
        _ reply: RespValue,
        of room: RoomName,
        under epoch: Epoch
    ) throws(StoreReplyError) -> CatchUpAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "page": return .page(try page(&reply, room, epoch))
        case "other-epoch": return .otherEpoch
        default: throw reply.unexpected
        }
    }

    func words(_ call: HistoryCall) -> RedisCommand {
        var command = RedisCommand(.history, keys: 1)
        command.add(keys.logStem, call.room.text)
        command.add(call.upTo)
        command.add(UInt64(call.limit))
        return command
    }

    func historyPage(
        _ reply: RespValue,
        of call: HistoryCall
    ) throws(StoreReplyError) -> HistoryPage {
        var reply = try StoreReply(reply)
        guard reply.verdict == "history" else { throw reply.unexpected }
        let hasMore = try reply.flag()
        var entries: [Publication] = []
        entries.reserveCapacity(reply.count / 4)
        while reply.count > 0 { entries.append(try entry(&reply, of: call.room)) }
        return HistoryPage(newestFirst: entries, upTo: call.upTo, hasMore: hasMore)
    }

    private func page(
        _ reply: inout StoreReply,
        _ room: RoomName,
        _ epoch: Epoch
    ) throws(StoreReplyError) -> CatchUpPage {
        let continuity: CatchUpPage.Continuity
        switch try reply.text() {
        case "proven": continuity = .proven
        case "trimmed": continuity = .trimmed
        case "rewound": continuity = .rewound
        default: throw reply.unexpected
        }
        let hasMore = try reply.flag()
        let seq: UInt64 = try reply.number()
        let mid = try reply.text()
        var top: Position?
        if !mid.isEmpty {
            guard let mid = MessageID(mid) else { throw reply.unexpected }
            top = Position(epoch: epoch.number, seq: seq, mid: mid)
        }
        let from: UInt64 = try reply.number()
        let presence: UInt64 = try reply.number()
        var entries: [Publication] = []
        entries.reserveCapacity(reply.count / 4)
        while reply.count > 0 {
            let entry = try entry(&reply, of: room)
            guard entry.lastSeq >= from else { throw reply.unexpected }
            entries.append(entry.from(from))
        }
        return CatchUpPage(
            continuity: continuity,
            entries: entries,
            hasMore: hasMore,
            top: top,
            presence: presence
        )
    }

    private func entry(
        _ reply: inout StoreReply,
        of room: RoomName
    ) throws(StoreReplyError) -> Publication {
        let id = try reply.text().split(separator: "-", omittingEmptySubsequences: false)
        guard id.count == 2, let seq = UInt64(id[0]), let epoch = UInt64(id[1]) else {
            throw reply.unexpected
        }
        let ms: Int64 = try reply.number()
        guard let prev = MessageID(try reply.text()) else { throw reply.unexpected }
        let messages = try reply.bytes()
        guard
            let entry = PublicationCodec.logged(
                messages,
                room: room,
                epoch: epoch,
                firstSeq: seq,
                prev: prev,
                ms: ms
            )
        else { throw reply.unexpected }
        return entry
    }
}

extension RedisCommand {
    fileprivate mutating func add(
        _ removal: Removal,
        _ call: PublishCall,
        _ retention: Store.Retention
    ) {
        add(removal.target.seq)
        add(removal.target.mid)
        switch removal.authority {
        case .author: add(call.drafts[0].producer.description)
        case .moderator: add("")
        }
        add(UInt64(retention.removalWindow))
        add(UInt64(retention.removalPause))
        add(RemovedBody.blank(in: call.room))
    }

    fileprivate mutating func add(_ mark: MessagePlace) {
        add(mark.seq)
        add(mark.mid)
    }

    /// A place's number and message; without one, two words, of which the second is empty.
    fileprivate mutating func add(_ mark: MessagePlace?, orElse word: String) {
        guard let mark else {
            add(word)
            return add("")
        }
        add(mark)
    }
}

extension PublishVerdict {
    /// As `publish.lua` puts it.
    fileprivate init?(_ value: RespValue) {
        if case .integer(let seq) = value {
            guard let seq = UInt64(exactly: seq) else { return nil }
            self = .accepted(seq: seq)
            return
        }
        guard let words = value.text?.split(separator: " ") else { return nil }
        let number = words.count == 2 ? UInt64(words[1]) : nil
        guard words.count == 1 || number != nil else { return nil }
        switch (words.first, number) {
        case ("dup", let seq): self = .duplicate(seq: seq)
        case ("gap", let expected?): self = .gap(expected: expected)
        case ("fenced", nil): self = .fenced
        case ("not-found", nil): self = .notRemoved(.notFound)
        case ("not-own", nil): self = .notRemoved(.notOwn)
        case ("too-late", nil): self = .notRemoved(.tooLate)
        case ("too-soon", let wait?):
            self = .notRemoved(.tooSoon(retryAfter: .milliseconds(Int64(clamping: wait))))
        default: return nil
        }
    }
}
