extension Store {
    /// Puts a batch into a room's order: the verdicts, and what is to be delivered, if anything.
    ///
    /// Each message's session, fence and lineage are compared with the name's record here, in the same step
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
            let verdict = place(sealed, of: call.incarnation, at: firstSeq + UInt64(items.count))
            verdicts.append(verdict)
            guard case .accepted = verdict else { continue }
            items.append(.init(mid: sealed.mid, body: sealed.draft.body))
        }
        guard !items.isEmpty else {
            if isKnown { rooms[call.room] = room }
            return (.verdicts(verdicts, ms: ms), nil)
        }
        let publication = Publication(
            room: call.room,
            epoch: call.reign.epoch,
            firstSeq: firstSeq,
            ms: ms,
            items: items
        )
        room.append(publication)
        room.trim(to: retention, now: ms)
        rooms[call.room] = room
        return (.verdicts(verdicts, ms: ms), publication)
    }

    /// What is kept of a room from number `first` on, oldest first, up to the entry in which `limit`
    /// messages are full.
    public func history(of room: RoomName, from first: UInt64, limit: Int) -> [Publication] {
        rooms[room]?.entries(from: first, limit: limit) ?? []
    }

    /// The verdict on one message, which stands at `seq` if it is accepted.
    private mutating func place(
        _ sealed: SealedDraft,
        of incarnation: Incarnation,
        at seq: UInt64
    ) -> PublishVerdict {
        guard let index = names.index(forKey: sealed.key) else { return .fenced }
        let record = names.values[index]
        guard record.holder == incarnation, record.session == sealed.session,
            record.fence == sealed.fence, record.lineage == sealed.lineage
        else { return .fenced }
        if sealed.n <= record.n {
            let isNewest = sealed.n == record.n && record.seq > 0
            return .duplicate(seq: isNewest ? record.seq : nil)
        }
        guard sealed.n == record.n + 1 else { return .gap(expected: record.n + 1) }
        names.values[index].n = sealed.n
        names.values[index].seq = seq
        return .accepted(seq: seq)
    }
}
