/// Who holds a name.
struct NameRecord {
    var incarnation: Incarnation
    var session: SessionID
    var lineage: Lineage
    var fence: UInt64
    /// The last accepted message's number and place.
    var n: UInt64 = 0
    var seq: UInt64 = 0

    func isHeld(by proof: Proof) -> Bool {
        incarnation == proof.incarnation && session == proof.session
    }
}

extension Store {
    /// Claims a name: the first writer of its record wins.
    ///
    /// A claim that is repeated by the same login is granted again with the same answer, so that
    /// an answer that got lost costs nothing.
    public mutating func claim(_ claim: Claim) -> ClaimAnswer {
        guard nodes.contains(claim.incarnation) else {
            return .unavailable(reason: "this node is not registered")
        }
        let key = claim.username.key
        if let record = names[key] {
            guard record.incarnation == claim.incarnation, record.session == claim.session else {
                return .taken
            }
            return .granted(holding(of: record, claim))
        }
        let record = NameRecord(
            incarnation: claim.incarnation,
            session: claim.session,
            lineage: claim.lineage,
            fence: nextFence()
        )
        names[key] = record
        return .granted(holding(of: record, claim))
    }

    /// Frees a name if it is still the caller's; whatever happened to it since, it is not theirs
    /// afterwards. The login is what is compared, not the fence: a renewed claim changes that.
    public mutating func release(_ proof: Proof) {
        if names[proof.key]?.isHeld(by: proof) == true {
            names[proof.key] = nil
        }
    }

    /// How many names are held.
    public var heldNames: Int { names.count }

    private func holding(of record: NameRecord, _ claim: Claim) -> Holding {
        Holding(
            username: claim.username,
            proof: Proof(
                key: claim.username.key,
                incarnation: record.incarnation,
                session: record.session,
                fence: record.fence
            ),
            lineage: record.lineage,
            n: record.n
        )
    }
}
