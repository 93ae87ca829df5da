import ChatCore

extension StoreCodec {
    func words(_ call: PublishCall) -> [[UInt8]] {
        let (senders, ofDraft) = Self.senders(of: call)
        var words = ScriptCall(
            .publish,
            under: call.reign,
            keys: [keys.epoch, keys.room(call.room), keys.log(of: call.room)]
                + senders.map { keys.name($0.key) }
        )
        words.add(call.incarnation)
        words.add(keys.channel(of: call.room))
        words.add(call.lastSeq)
        words.add(retention.messages)
        words.add(retention.bytes)
        words.add(retention.milliseconds)
        words.add(memory)
        for sender in senders {
            words.add(sender.session)
            words.add(sender.fence)
        }
        for (sealed, sender) in zip(call.drafts, ofDraft) {
            words.add(sender + 1)
            words.add(sealed.n)
            words.add(sealed.draft.body)
        }
        return words.words
    }

    /// Who speaks by what right; each is sent once, however much is said.
    private struct Sender: Hashable {
        let key: String
        let session: SessionID
        let fence: UInt64
    }

    private static func senders(of call: PublishCall) -> (senders: [Sender], ofDraft: [Int]) {
        var senders: [Sender] = []
        var places: [Sender: Int] = [:]
        let ofDraft = call.drafts.map { sealed in
            let sender = Sender(key: sealed.key, session: sealed.session, fence: sealed.fence)
            if let place = places[sender] { return place }
            places[sender] = senders.count
            senders.append(sender)
            return senders.count - 1
        }
        return (senders, ofDraft)
    }

    /// The answer to a call of `count` messages.
    func publishAnswer(_ reply: RespValue, count: Int) throws(StoreReplyError) -> PublishAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
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
        case "other-reign": return .otherReign
        default: throw reply.unexpected
        }
    }

    func words(_ call: CatchUpCall) -> [[UInt8]] {
        var words = ScriptCall(
            .catchup,
            under: call.reign,
            keys: [keys.epoch, keys.room(call.room), keys.log(of: call.room)]
        )
        words.add(memory)
        words.add(call.limit)
        guard let position = call.position else { return words.words }
        words.add(position.epoch)
        words.add(position.seq)
        words.add(position.mid?.description ?? "")
        for mark in call.marks {
            words.add(mark.seq)
            words.add(mark.mid)
        }
        return words.words
    }

    /// The answer to a question under a reign.
    func catchUpAnswer(
        _ reply: RespValue,
        under reign: Reign
    ) throws(StoreReplyError) -> CatchUpAnswer {
        var reply = try StoreReply(reply)
        switch reply.verdict {
        case "page": return .page(try page(&reply, reign))
        case "other-reign": return .otherReign
        default: throw reply.unexpected
        }
    }

    private func page(
        _ reply: inout StoreReply,
        _ reign: Reign
    ) throws(StoreReplyError) -> CatchUpPage {
        let footing: CatchUpPage.Footing
        switch try reply.text() {
        case "proven": footing = .proven
        case "trimmed": footing = .trimmed
        case "rewound": footing = .rewound
        default: throw reply.unexpected
        }
        let hasMore = try reply.flag()
        let seq: UInt64 = try reply.number()
        let mid = try reply.text()
        var top: Position?
        if seq > 0 {
            guard let mid = MessageID(mid) else { throw reply.unexpected }
            top = Position(epoch: reign.epoch, seq: seq, mid: mid)
        }
        var entries: [LogEntry] = []
        entries.reserveCapacity(reply.count / 5)
        while reply.count > 0 { entries.append(try entry(&reply)) }
        return CatchUpPage(footing: footing, entries: entries, hasMore: hasMore, top: top)
    }

    private func entry(_ reply: inout StoreReply) throws(StoreReplyError) -> LogEntry {
        let id = try reply.text().split(separator: "-", omittingEmptySubsequences: false)
        guard id.count == 2, let seq = UInt64(id[0]), let epoch = UInt64(id[1]) else {
            throw reply.unexpected
        }
        let mid = try reply.parsed { MessageID($0) }
        let fence: UInt64 = try reply.number()
        let ms: Int64 = try reply.number()
        return LogEntry(
            seq: seq,
            epoch: epoch,
            mid: mid,
            fence: fence,
            ms: ms,
            body: try reply.bytes()
        )
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
        default: return nil
        }
    }
}
