extension Store {
    /// Appends a batch of messages to a room's order. Returns the verdicts, and what is to be delivered,
    /// if anything.
    ///
    /// Compares each message's session, fence and producer with the name's record in the same step that
    /// writes it: a process that was paused can never publish under a name that has another holder.
    public mutating func publish(
        _ call: PublishCall,
        ms: Int64
    ) -> (answer: PublishAnswer, publication: Publication?) {
        guard isCurrent(call.epoch) else { return (.otherEpoch, nil) }
        guard let room = rooms.index(forKey: call.room), let top = rooms.values[room].top,
            call.position.map({ top.allows($0) }) ?? true
        else { return (.otherHistory, nil) }
        if let removal = call.removal { return remove(removal, call, in: room, after: top, ms: ms) }
        let firstSeq = top.seq + 1
        if !rooms.values[room].takes(firstSeq, epoch: call.epoch.number), isNextOfAny(call) {
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
            epoch: call.epoch.number,
            firstSeq: firstSeq,
            prev: top.mid,
            ms: ms,
            items: items
        )
        // Changed in place: with two owners every call would copy the log.
        rooms.values[room].append(publication, keeping: retention, now: ms)
        return (.verdicts(verdicts, ms: ms), publication)
    }

    /// The number of rooms of which anything is kept.
    public var roomCount: Int { rooms.count }

    /// Removes the rooms in which nothing was said for as long as a room is remembered, and those that never
    /// had a message, unless they are heard. A room that is removed begins anew if it is entered again.
    ///
    /// Cost: a look at each room.
    public mutating func removeOldRooms(ms: Int64, unless isHeard: (RoomName) -> Bool) {
        let oldest = ms - retention.memory
        rooms = rooms.filter { room, log in
            isHeard(room) || log.newestMs > 0 && log.newestMs >= oldest
        }
        removeOldPresence()
    }

    /// Whether any message of a call would be accepted.
    private func isNextOfAny(_ call: PublishCall) -> Bool {
        call.drafts.contains { draft in
            guard let record = names[draft.key] else { return false }
            return record.isHeld(draft.proof, by: call.incarnation) && draft.n == record.n + 1
        }
    }

    /// Returns the verdict on one message, which gets the number `seq` if it is accepted.
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
    /// Whether the sender holds the name.
    fileprivate func isHeld(_ proof: SealedDraft.Proof, by incarnation: Incarnation) -> Bool {
        holder == incarnation && login == proof.login && fence == proof.fence
            && producer == proof.producer
    }

    /// Accepts a message as `seq`, if its sender holds the name and it is the next one.
    mutating func place(
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
