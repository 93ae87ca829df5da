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
        guard let room = rooms.index(forKey: call.room), let top = rooms.values[room].top,
            call.position.map({ top.allows($0) }) ?? true
        else { return (.otherHistory, nil) }
        let firstSeq = top.seq + 1
        if !rooms.values[room].takes(firstSeq, epoch: call.reign.epoch), isNextOfAny(call) {
            return (.otherHistory, nil)
        }
        var items: [Publication.Item] = []
        var verdicts: [PublishVerdict] = []
        items.reserveCapacity(call.drafts.count)
        verdicts.reserveCapacity(call.drafts.count)
        let drafts = call.drafts.span
        var last = LastFound<String>()
        for index in drafts.indices {
            let seq = firstSeq + UInt64(items.count)
            let verdict = place(
                drafts[index].key,
                drafts[index].proof,
                of: call.incarnation,
                at: seq,
                &last
            )
            verdicts.append(verdict)
            guard case .accepted = verdict else { continue }
            items.append(.init(mid: drafts[index].mid, body: drafts[index].draft.body))
        }
        guard !items.isEmpty else { return (.verdicts(verdicts, ms: ms), nil) }
        let publication = Publication(
            room: call.room,
            epoch: call.reign.epoch,
            firstSeq: firstSeq,
            prev: top.mid,
            ms: ms,
            items: items
        )
        // Changed where it stands: with two owners every call would copy the log.
        rooms.values[room].append(publication, keeping: retention, now: ms)
        return (.verdicts(verdicts, ms: ms), publication)
    }

    /// All that is kept of a room, in the order in which it was written.
    public func history(of room: RoomName) -> [Publication] {
        rooms[room]?.all ?? []
    }

    /// Whether any message of a call would be accepted.
    private func isNextOfAny(_ call: PublishCall) -> Bool {
        call.drafts.contains { draft in
            guard let record = names[draft.key] else { return false }
            return record.isHeld(draft.proof, by: call.incarnation) && draft.n == record.n + 1
        }
    }

    /// The verdict on one message, which stands at `seq` if it is accepted.
    private mutating func place(
        _ key: String,
        _ proof: SealedDraft.Proof,
        of incarnation: Incarnation,
        at seq: UInt64,
        _ last: inout LastFound<String>
    ) -> PublishVerdict {
        guard let index = last.index(of: key, in: names) else { return .fenced }
        return names.values[index].place(proof, of: incarnation, at: seq)
    }
}

extension NameRecord {
    /// Whether the name is the sender's.
    fileprivate func isHeld(_ proof: SealedDraft.Proof, by incarnation: Incarnation) -> Bool {
        holder == incarnation && session == proof.session && fence == proof.fence
            && lineage == proof.lineage
    }

    /// Takes a message of whoever holds the name, as `seq`, if it is the next one.
    fileprivate mutating func place(
        _ proof: SealedDraft.Proof,
        of incarnation: Incarnation,
        at seq: UInt64
    ) -> PublishVerdict {
        guard isHeld(proof, by: incarnation) else { return .fenced }
        if proof.n <= n {
            let isNewest = proof.n == n && self.seq > 0
            return .duplicate(seq: isNewest ? self.seq : nil)
        }
        guard proof.n == n + 1 else { return .gap(expected: n + 1) }
        n = proof.n
        self.seq = seq
        return .accepted(seq: seq)
    }
}
