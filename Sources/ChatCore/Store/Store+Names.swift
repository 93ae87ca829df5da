extension Store {
    /// Claims names, each for a new login or again for a login that has held it, one after the other.
    /// Of claims for a free name the first wins.
    public mutating func claim(_ call: ClaimCall) -> ClaimAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        guard heartbeats[call.incarnation] != nil else { return .unregistered }
        var pairs = 0
        let verdicts = call.claims.map { claim in
            let record = names[claim.username.key]
            // A take-over changes nothing in the rooms that the name is in.
            let isKept =
                claim.known == nil && record?.epoch == call.epoch.number
                && claim.proof.map { proof in record.map { isProven($0, proof) } == true } == true
            let count = max(claim.rooms.count, isKept ? 0 : record?.rooms.count ?? 0)
            guard pairs == 0 || pairs + count <= Limits.presencePairs else {
                return ClaimVerdict.later
            }
            pairs += count
            return self.claim(claim, call)
        }
        tellPresence()
        return .verdicts(verdicts)
    }

    private mutating func claim(_ claim: Claim, _ call: ClaimCall) -> ClaimVerdict {
        guard let known = claim.known else { return claimFresh(claim, call) }
        return claimAgain(claim, known, call)
    }

    /// Gives a name up, if it is held as the caller believes. Returns whether it did.
    ///
    /// The epoch is not compared, on purpose: this can only free what the caller's own incarnation holds
    /// in this data, and a name that its holder gives up is to be free in every epoch.
    public mutating func release(_ release: Release, ms: Int64) -> Bool {
        guard let record = names[release.key], record.holder == release.incarnation else {
            return false
        }
        let holds =
            switch release.condition {
            case .login(let login): record.login == login
            case .fence(let fence): record.fence == fence
            }
        guard holds else { return false }
        switch release.action {
        case .linger:
            names[release.key]?.isLingering = true
            return true
        case .delete where record.hasPassed || record.before != nil:
            names[release.key]?.giveUp(ms: ms)
            hasFreeNames = true
        case .delete: names[release.key] = nil
        case .empty:
            names[release.key]?.empty(ms: ms)
            hasFreeNames = true
        }
        leave(release.key, holder: release.incarnation)
        leaveRooms(release.key, of: record)
        tellPresence()
        return true
    }

    /// Removes the records of names that have been free for too long.
    ///
    /// Cost: a look at each name.
    public mutating func removeOldNames(ms: Int64) {
        let oldest = ms - retention.memory
        let old = names.keys.indices.filter {
            names.values[$0].holder == nil && (names.values[$0].emptiedAt ?? ms) < oldest
        }
        for key in old.map({ names.keys[$0] }) { names[key] = nil }
        hasFreeNames = names.values.contains { $0.holder == nil }
    }

    /// Returns the keys of the names that an incarnation holds, sorted.
    public func heldKeys(of incarnation: Incarnation) -> [String] {
        (held[incarnation] ?? []).sorted()
    }

    /// Takes a name out of those that an incarnation holds.
    mutating func leave(_ key: String, holder: Incarnation) {
        held[holder]?.remove(key)
        if held[holder]?.isEmpty == true { held[holder] = nil }
    }
}

// MARK: - Claims

extension Store {
    private mutating func claimFresh(_ claim: Claim, _ call: ClaimCall) -> ClaimVerdict {
        let isGrace = epochState?.isGrace == true
        let record = names[claim.username.key]
        // The answer to this very claim was lost. In the grace a claim of an older epoch does not
        // count.
        if let record, record.holder == call.incarnation, record.login == claim.login,
            record.epoch == call.epoch.number || !isGrace
        {
            return .granted(record.grant(rooms: record.rooms))
        }
        // In the grace a secret counts only on a record that has been claimed again.
        if let record, let proof = claim.proof, isProven(record, proof),
            record.epoch == call.epoch.number || !isGrace
        {
            return takeOver(record, claim, proof, call)
        }
        if isGrace { return .grace }
        if let holder = record?.holder, !dead.contains(holder) {
            // If the holder is neither listed nor certified dead, its entry was deleted by hand, and
            // the process may live: it is listed again, and the nodes certify it dead if its counter
            // stands still.
            if heartbeats[holder] == nil {
                heartbeats[holder] = 0
                held[holder, default: []].insert(claim.username.key)
            }
            return claim.proof != nil && record?.before == claim.proof ? .successorStands : .taken
        }
        return begin(claim, nil, call)
    }

    /// Whether a login proves that a record is its user's. The login before the present one does so only
    /// while the present one's socket is gone: perhaps its user was never told of it.
    private func isProven(_ record: NameRecord, _ proof: LoginID) -> Bool {
        guard !record.isGivenUp else { return false }
        if record.login == proof { return true }
        guard record.before == proof else { return false }
        return record.holder.map { record.isLingering || dead.contains($0) } ?? true
    }

    /// Grants a name to a newer login of its user: it goes on where the name is. A record of an older epoch
    /// may lack the newest messages, after a loss of data: then the numbers go on where the record is, under
    /// another producer, so that no message's id is given twice.
    private mutating func takeOver(
        _ former: NameRecord,
        _ claim: Claim,
        _ proof: LoginID,
        _ call: ClaimCall
    ) -> ClaimVerdict {
        if let holder = former.holder {
            replaced.append(Replacement(incarnation: holder, login: former.login))
        }
        var record = former
        record.login = claim.login
        record.before = proof
        if record.epoch < call.epoch.number {
            record.producer = claim.producer
        } else if record.reserved > record.n {
            record.n = record.reserved
            record.seq = 0
        }
        record.reserved = 0
        record.isLingering = false
        record.emptiedAt = nil
        record.fence = nextFence(above: 0)
        record.epoch = call.epoch.number
        record.call = call.number
        for room in claim.rooms where !record.rooms.contains(room) { record.rooms.append(room) }
        // With the same producer those of the record have nothing to be changed.
        let first = record.producer == former.producer ? former.rooms.count : 0
        for room in record.rooms[first...] { join(room, claim.name, record.producer) }
        return put(record, claim, call, rooms: former.rooms)
    }

    private mutating func claimAgain(
        _ claim: Claim,
        _ known: Claim.Known,
        _ call: ClaimCall
    ) -> ClaimVerdict {
        guard var record = names[claim.username.key] else {
            // The record was there in this epoch. It is gone because another login has held the name
            // since, and has released it: the number of the caller's last accepted message is not known.
            return known.epoch == call.epoch.number ? .lost : begin(claim, known, call)
        }
        if record.isGivenUp, known.epoch == call.epoch.number { return .lost }
        guard record.login == claim.login, !record.isGivenUp else {
            // The record is older than what the caller was granted: it came back with older data.
            if record.epoch < call.epoch.number, record.fence < known.fence {
                return begin(claim, known, call)
            }
            return record.before == claim.login ? .replaced : .lost
        }
        // A later call of the same process was carried out before: this one's answer is not awaited any more.
        if record.holder == call.incarnation, record.epoch == call.epoch.number,
            call.number < record.call
        {
            return .granted(record.grant())
        }
        let isRepeated =
            record.holder == call.incarnation && record.fence != known.fence
            && record.epoch == call.epoch.number
        if !isRepeated { record.fence = nextFence(above: known.fence) }
        // Of the record's number and the caller's the higher counts, with its own place.
        if known.n > record.n || (known.n == record.n && record.seq == 0) {
            record.n = known.n
            record.seq = known.seq
        }
        record.reserved = max(record.reserved, known.reserved)
        record.epoch = call.epoch.number
        record.call = call.number
        for room in record.rooms where !claim.rooms.contains(room) {
            leave(room, claim.username.key, record.producer)
        }
        for room in claim.rooms { join(room, claim.name, record.producer) }
        record.rooms = claim.rooms
        return put(record, claim, call)
    }

    /// Grants the name anew: nothing of its record stays, and its earlier holder leaves its rooms.
    private mutating func begin(
        _ claim: Claim,
        _ known: Claim.Known?,
        _ call: ClaimCall
    ) -> ClaimVerdict {
        if let former = names[claim.username.key] { leaveRooms(claim.username.key, of: former) }
        for room in claim.rooms { join(room, claim.name, claim.producer) }
        let record = NameRecord(
            login: claim.login,
            producer: claim.producer,
            fence: nextFence(above: known?.fence ?? 0),
            epoch: call.epoch.number,
            call: call.number,
            hasPassed: names[claim.username.key] != nil,
            n: known?.n ?? 0,
            seq: known?.seq ?? 0,
            reserved: known?.reserved ?? 0,
            rooms: claim.rooms
        )
        return put(record, claim, call)
    }

    /// Writes a record whose holder is the caller, and takes the name from its former holder, if any.
    private mutating func put(
        _ record: NameRecord,
        _ claim: Claim,
        _ call: ClaimCall,
        rooms: [RoomName] = []
    ) -> ClaimVerdict {
        let key = claim.username.key
        if let holder = names[key]?.holder { leave(key, holder: holder) }
        var record = record
        record.holder = call.incarnation
        names[key] = record
        held[call.incarnation, default: []].insert(key)
        return .granted(record.grant(rooms: rooms))
    }

    /// Returns a fence above every fence given, and above the one the caller knows: after a loss of data
    /// the counter may be lower.
    private mutating func nextFence(above known: UInt64) -> UInt64 {
        let fence = max(epochState?.lastFence ?? 0, known) + 1
        epochState?.lastFence = fence
        return fence
    }
}
