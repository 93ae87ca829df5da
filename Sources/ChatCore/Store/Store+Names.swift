/// Who holds a name, or held it last.
struct NameRecord {
    /// Nil: it is free.
    var holder: Incarnation?
    var session: SessionID
    /// The session before, which this one has taken over from. Nothing sets it yet.
    var before: SessionID?
    var lineage: Lineage
    var fence: UInt64
    /// The epoch of the last claim.
    var epoch: UInt64
    /// The last accepted message's number and place; 0: none, or not known.
    var n: UInt64
    var seq: UInt64

    var grant: Grant { Grant(fence: fence, lineage: lineage, n: n, seq: seq) }
}

extension Store {
    /// Claims a name, for a new login or again: the first writer of its record wins.
    public mutating func claim(_ claim: Claim) -> ClaimAnswer {
        guard reigns(claim.reign) else { return .otherReign }
        guard beats[claim.incarnation] != nil else { return .unregistered }
        guard let known = claim.known else { return claimFresh(claim) }
        return claimAgain(claim, known)
    }

    /// Frees a name, if it is still what the caller believes. The answer is whether it was.
    ///
    /// No reign is compared, on purpose: this can only free what the caller's own incarnation holds
    /// in this data, and a name that its holder wants free is to be free in every reign.
    public mutating func release(_ release: Release) -> Bool {
        guard let record = names[release.key], record.holder == release.incarnation else {
            return false
        }
        let holds =
            switch release.condition {
            case .session(let session): record.session == session
            case .fence(let fence): record.fence == fence
            }
        guard holds else { return false }
        names[release.key] = nil
        leave(release.key, holder: release.incarnation)
        return true
    }

    /// The names that an incarnation holds, in their own order.
    public func heldKeys(of incarnation: Incarnation) -> [String] {
        (held[incarnation] ?? []).sorted()
    }

    /// How many names are held.
    public var heldNames: Int { held.values.reduce(0) { $0 + $1.count } }

    mutating func leave(_ key: String, holder: Incarnation) {
        held[holder]?.remove(key)
        if held[holder]?.isEmpty == true { held[holder] = nil }
    }
}

// MARK: - Claims

extension Store {
    private mutating func claimFresh(_ claim: Claim) -> ClaimAnswer {
        let isGrace = era?.isGrace == true
        let record = names[claim.username.key]
        // The claim whose answer was lost. In the grace, one of an older reign is no claim of this.
        if let record, record.holder == claim.incarnation, record.session == claim.session,
            record.epoch == claim.reign.epoch || !isGrace
        {
            return .granted(record.grant)
        }
        if isGrace { return .grace }
        if let holder = record?.holder, !dead.contains(holder) {
            // A holder that is neither known nor certified was taken off the list by hand, and may
            // live: it is put back, and certified by those who see it stand still.
            if beats[holder] == nil {
                beats[holder] = 0
                held[holder, default: []].insert(claim.username.key)
            }
            return .taken
        }
        return begin(claim, nil)
    }

    private mutating func claimAgain(_ claim: Claim, _ known: Claim.Known) -> ClaimAnswer {
        guard var record = names[claim.username.key] else {
            // The record was there in this epoch. It is gone because another login has had the name
            // since, and has given it up: the number of the caller's last accepted message is not known.
            return known.epoch == claim.reign.epoch ? .lost : begin(claim, known)
        }
        guard record.session == claim.session else {
            // The record is from before what the caller was granted, brought back with older data.
            if record.epoch < claim.reign.epoch, record.fence < known.fence {
                return begin(claim, known)
            }
            return record.before == claim.session ? .replaced : .lost
        }
        let isRepeated =
            record.holder == claim.incarnation && record.fence != known.fence
            && record.epoch == claim.reign.epoch
        if !isRepeated { record.fence = nextFence(above: known.fence) }
        // Of both numbers the higher stands, with its own place.
        if known.n > record.n || (known.n == record.n && record.seq == 0) {
            record.n = known.n
            record.seq = known.seq
        }
        record.epoch = claim.reign.epoch
        return put(record, claim)
    }

    /// The name begins anew, whatever its record says.
    private mutating func begin(_ claim: Claim, _ known: Claim.Known?) -> ClaimAnswer {
        let record = NameRecord(
            session: claim.session,
            lineage: claim.lineage,
            fence: nextFence(above: known?.fence ?? 0),
            epoch: claim.reign.epoch,
            n: known?.n ?? 0,
            seq: known?.seq ?? 0
        )
        return put(record, claim)
    }

    private mutating func put(_ record: NameRecord, _ claim: Claim) -> ClaimAnswer {
        let key = claim.username.key
        if let holder = names[key]?.holder { leave(key, holder: holder) }
        var record = record
        record.holder = claim.incarnation
        names[key] = record
        held[claim.incarnation, default: []].insert(key)
        return .granted(record.grant)
    }

    /// Higher than every fence given, and than the one the caller knows: after a loss the counter
    /// may lie below it.
    private mutating func nextFence(above known: UInt64) -> UInt64 {
        let fence = max(era?.lastFence ?? 0, known) + 1
        era?.lastFence = fence
        return fence
    }
}
