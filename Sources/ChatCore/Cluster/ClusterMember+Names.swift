/// What a node does about names that no session of its own asked for.
extension ClusterMember {
    /// The answer to a call about names.
    mutating func namesAnswered(
        _ call: Call,
        _ answer: Answer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        switch (call, answer) {
        case (.heldKeys(let dead), .keys(let keys)):
            guard let epoch = registration?.epoch else { return lease.reaped(dead) }
            ask(.reap(ReapCall(epoch: epoch, dead: dead, keys: keys)), now, &effects)
        case (.reap(let call), .reap(.left(let left))) where left > 0:
            ask(.heldKeys(of: call.dead), now, &effects)
        case (.reap(let call), .reap), (.reap(let call), .refused):
            lease.reaped(call.dead)
        case (.heldKeys(let dead), .refused):
            lease.reaped(dead)
        case (.heldPage(_, _, let number), .page(let keys, let next)) where number == audit?.number:
            audit?.take(page: keys, next: next)
            readFences(now, &effects)
        case (.fence(_, let number), .fence(let fence)) where number == audit?.number:
            fenceRead(fence, &effects)
        case (.heldPage(_, _, let number), .refused), (.fence(_, let number), .refused):
            if number == audit?.number { audit = nil }
        case (.heldPage, .page), (.fence, .fence), (.release, .done), (.release, .refused):
            break
        case (.label(let other), .label(let label)):
            if label == self.label { effects.append(.sameLabel(other)) }
        case (.label, .refused):
            break
        case (.present(let call), .present(let answer)):
            updatePresence(now, &effects) { $0.read(call, answer, now: now, into: &$1) }
        case (.present(let call), .refused):
            updatePresence(now, &effects) { $0.notRead(call, now: now, into: &$1) }
        default:
            preconditionFailure("an answer of another kind than its call")
        }
    }
}

// MARK: - The audit

extension ClusterMember {
    /// Begins a search for names that are left behind; it ends one that is under way.
    mutating func beginAudit(_ now: Instant, _ effects: inout [Effect]) {
        guard let registration else { return }
        auditedAt = now
        audits += 1
        audit = NameAudit(number: audits, incarnation: registration.incarnation)
        effects.append(.collectNameHashes(audit: audits))
    }

    /// The hashes of all names that the loops hold, for an audit.
    public mutating func collected(
        _ hashes: Set<Int>,
        audit number: Int,
        now: Instant,
        into effects: inout [Effect]
    ) {
        guard let audit, audit.number == number else { return }
        self.audit?.known = hashes
        ask(.heldPage(of: audit.incarnation, from: 0, audit: number), now, &effects)
    }

    /// Whether some loop may hold each of the names of a `checkNames`.
    public mutating func checked(
        _ held: [Bool],
        audit number: Int,
        now: Instant,
        into effects: inout [Effect]
    ) {
        guard let audit, audit.number == number else { return }
        for release in audit.releases(held: held) {
            effects.append(.freeing(key: release.key))
            ask(.release(release), now, &effects)
        }
        readNextPage(now, &effects)
    }

    /// Reads the fencing tokens of the names that no session knew, before the sessions are asked once
    /// more: only a record that has not changed since is freed.
    private mutating func readFences(_ now: Instant, _ effects: inout [Effect]) {
        guard let audit, audit.incarnation == lease.incarnation else { return self.audit = nil }
        guard !audit.unknown.isEmpty else { return readNextPage(now, &effects) }
        for key in audit.unknown {
            ask(.fence(ofName: key, audit: audit.number), now, &effects)
        }
    }

    private mutating func fenceRead(_ fence: UInt64?, _ effects: inout [Effect]) {
        guard audit?.take(fence: fence) == true, let audit else { return }
        effects.append(.checkNames(audit.unknown, audit: audit.number))
    }

    private mutating func readNextPage(_ now: Instant, _ effects: inout [Effect]) {
        guard let audit, audit.next != 0 else { return self.audit = nil }
        ask(
            .heldPage(of: audit.incarnation, from: audit.next, audit: audit.number),
            now,
            &effects
        )
    }
}
