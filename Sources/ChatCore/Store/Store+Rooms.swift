extension Store {
    /// Puts a batch into a room's order: the verdicts, and what is to be delivered, if anything.
    ///
    /// Each message's session and fence are compared with the name's record here, in the same step
    /// that writes it: a process that was paused can never put a line under a name that moved on.
    public mutating func publish(
        _ call: PublishCall,
        ms: Int64
    ) -> (answer: PublishAnswer, publication: Publication?) {
        guard reigns(call.reign) else { return (.otherReign, nil) }
        // Taken out while it is changed: with two owners every call would copy the log.
        let isKnown = rooms[call.room] != nil
        var room = rooms.removeValue(forKey: call.room) ?? RoomLog(behind: call.lastSeq)
        let firstSeq = room.seq + 1
        var items: [Publication.Item] = []
        var verdicts: [PublishVerdict] = []
        items.reserveCapacity(call.drafts.count)
        verdicts.reserveCapacity(call.drafts.count)
        for sealed in call.drafts {
            let (verdict, mid) = place(sealed, of: call.incarnation, behind: room.seq)
            verdicts.append(verdict)
            guard let mid else { continue }
            let body = sealed.draft.body
            room.append(
                LogEntry(
                    seq: room.seq + 1,
                    epoch: call.reign.epoch,
                    mid: mid,
                    fence: sealed.fence,
                    ms: ms,
                    body: body
                )
            )
            items.append(.init(mid: mid, body: body))
        }
        guard !items.isEmpty else {
            if isKnown { rooms[call.room] = room }
            return (.verdicts(verdicts, ms: ms), nil)
        }
        room.trim(to: retention, now: ms)
        rooms[call.room] = room
        let publication = Publication(
            room: call.room,
            epoch: call.reign.epoch,
            firstSeq: firstSeq,
            ms: ms,
            items: items
        )
        return (.verdicts(verdicts, ms: ms), publication)
    }

    /// Kept messages of a room from number `first` on, oldest first, at most `limit`.
    public func history(of room: RoomName, from first: UInt64, limit: Int) -> [LogEntry] {
        rooms[room]?.entries(from: first, limit: limit) ?? []
    }

    /// The verdict on one message, and what names it if it was accepted.
    private mutating func place(
        _ sealed: SealedDraft,
        of incarnation: Incarnation,
        behind seq: UInt64
    ) -> (PublishVerdict, MessageID?) {
        guard let index = names.index(forKey: sealed.key) else { return (.fenced, nil) }
        let record = names.values[index]
        guard record.holder == incarnation, record.session == sealed.session,
            record.fence == sealed.fence
        else { return (.fenced, nil) }
        if sealed.n <= record.n {
            let isNewest = sealed.n == record.n && record.seq > 0
            return (.duplicate(seq: isNewest ? record.seq : nil), nil)
        }
        guard sealed.n == record.n + 1 else { return (.gap(expected: record.n + 1), nil) }
        names.values[index].n = sealed.n
        names.values[index].seq = seq + 1
        return (.accepted(seq: seq + 1), MessageID(lineage: record.lineage, n: sealed.n))
    }
}
