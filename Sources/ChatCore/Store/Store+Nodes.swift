extension Store {
    /// Registers an incarnation, which it needs before it can claim. Repeating it changes nothing.
    public mutating func register(_ call: RegisterCall) -> RosterAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        guard !dead.contains(call.incarnation) else { return .unregistered }
        heartbeats[call.incarnation] = heartbeats[call.incarnation] ?? 0
        return .roster(roster)
    }

    /// Counts a heartbeat of an incarnation.
    public mutating func renew(_ call: RenewCall) -> RosterAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        guard let counter = heartbeats[call.incarnation] else { return .unregistered }
        heartbeats[call.incarnation] = counter + 1
        return .roster(roster)
    }

    /// Certifies dead an incarnation whose counter has not moved.
    public mutating func certify(_ call: CertifyCall) -> CertifyAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        guard heartbeats[call.incarnation] != nil else { return .unregistered }
        guard heartbeats[call.dead.incarnation] == call.dead.counter else { return .moved }
        heartbeats[call.dead.incarnation] = nil
        dead.insert(call.dead.incarnation)
        return .certified
    }

    /// Frees names of an incarnation that is certified dead, and takes them out of their rooms: as many
    /// names as have `Limits.presencePairs` rooms together, and at least one. Session, producer and `n` stay in a name's
    /// record, so that its owner can come back to where it was.
    public mutating func reap(_ call: ReapCall) -> ReapAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        guard dead.contains(call.dead) else { return .notDead }
        var pairs = 0
        for key in call.keys {
            // Another incarnation may hold the name by now: a name of a dead holder can be claimed.
            if let record = names[key], record.holder == call.dead {
                let count = record.rooms.count
                guard pairs == 0 || pairs + count <= Limits.presencePairs else { break }
                pairs += count
                leaveRooms(key, of: record)
                names[key]?.empty(ms: nil)
            }
            leave(key, holder: call.dead)
        }
        tellPresence()
        let left = held[call.dead]?.count ?? 0
        if left == 0 { dead.remove(call.dead) }
        return .left(left)
    }

    /// All counters, and the dead, sorted by their texts: a set's own order differs in each process.
    private var roster: Roster {
        Roster(
            heartbeats: heartbeats.map { .init(incarnation: $0.key, counter: $0.value) }
                .sorted { $0.incarnation.description < $1.incarnation.description },
            dead: dead.sorted { $0.description < $1.description }
        )
    }
}
