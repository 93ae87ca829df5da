extension Store {
    /// Takes a message back: its text leaves the room's log, and the notice of that, the only draft of the call,
    /// gets a place in the room's order.
    mutating func remove(
        _ removal: Removal,
        _ call: PublishCall,
        in room: Rooms.Index,
        after top: MessagePlace,
        ms: Int64
    ) -> (answer: PublishAnswer, publication: Publication?) {
        let draft = call.drafts[0]
        let seq = top.seq + 1
        var record = names[draft.key]
        var verdict = PublishVerdict.accepted(seq: seq)
        if removal.authority == .author {
            verdict = record?.place(draft.proof, of: call.incarnation, at: seq) ?? .fenced
        }
        guard case .accepted = verdict else { return (.verdicts([verdict], ms: ms), nil) }
        switch check(removal, by: draft.producer, in: call.room, rooms.values[room], ms: ms) {
        case .refused(let why): return (.verdicts([.notRemoved(why)], ms: ms), nil)
        case .done:
            // The number is used, and no message has it.
            record?.seq = 0
            if removal.authority == .author { names[draft.key] = record }
            return (.verdicts([.duplicate(seq: nil)], ms: ms), nil)
        case .mayRemove: break
        }
        guard rooms.values[room].takes(seq, epoch: call.epoch.number) else {
            return (.otherHistory, nil)
        }
        if removal.authority == .author { names[draft.key] = record }
        let publication = Publication(
            room: call.room,
            epoch: call.epoch.number,
            firstSeq: seq,
            prev: top.mid,
            ms: ms,
            items: [.init(mid: draft.mid, body: draft.draft.body)]
        )
        rooms.values[room].blank(removal.target, with: RemovedBody.blank(in: call.room))
        rooms.values[room].removedMs = ms
        rooms.values[room].append(publication, keeping: retention, now: ms)
        return (.verdicts([verdict], ms: ms), publication)
    }

    private enum Check {
        case mayRemove
        /// The message has been taken back before.
        case done
        case refused(RemovalRefusal)
    }

    private func check(
        _ removal: Removal,
        by producer: ProducerID,
        in room: RoomName,
        _ log: RoomLog,
        ms: Int64
    ) -> Check {
        guard let (item, written) = log.message(at: removal.target) else {
            return .refused(.notFound)
        }
        let isOwn = removal.authority == .author
        if isOwn, item.mid.producer != producer { return .refused(.notOwn) }
        if item.body.elementsEqual(RemovedBody.blank(in: room)) { return .done }
        guard item.isChat else { return .refused(.notFound) }
        if isOwn, written <= ms - retention.removalWindow {
            return .refused(.tooLate)
        }
        let rest = log.removedMs + retention.removalPause - ms
        // If it is longer, the clock was set back. The operator does not wait for users.
        if isOwn, rest > 0, rest <= retention.removalPause {
            return .refused(.tooSoon(retryAfter: .milliseconds(rest)))
        }
        return .mayRemove
    }
}

extension RoomLog {
    /// Puts other bytes in the place of a message that is kept.
    mutating func blank(_ target: MessagePlace, with body: [UInt8]) {
        replaceEntry(with: target.seq) { entry in
            entry.withBodies { seq, _ in seq == target.seq ? body : nil }
        }
    }

    /// Returns the message with a number and an id, and when it was written; nil: it is not kept.
    func message(at target: MessagePlace) -> (Publication.Item, ms: Int64)? {
        guard let entry = entry(with: target.seq) else { return nil }
        let item = entry.items[Int(target.seq - entry.firstSeq)]
        return item.mid == target.mid ? (item, entry.ms) : nil
    }
}
