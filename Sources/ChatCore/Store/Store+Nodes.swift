extension Store {
    /// Makes an incarnation known, before it may claim. Repeating it changes nothing.
    public mutating func register(_ call: RegisterCall) -> RosterAnswer {
        guard reigns(call.reign) else { return .otherReign }
        guard !dead.contains(call.incarnation) else { return .unregistered }
        beats[call.incarnation] = beats[call.incarnation] ?? 0
        return .roster(roster)
    }

    /// A heartbeat.
    public mutating func renew(_ call: RenewCall) -> RosterAnswer {
        guard reigns(call.reign) else { return .otherReign }
        guard let counter = beats[call.incarnation] else { return .unregistered }
        beats[call.incarnation] = counter + 1
        return .roster(roster)
    }

    /// Declares an incarnation dead whose counter has not moved.
    public mutating func certify(_ call: CertifyCall) -> CertifyAnswer {
        guard reigns(call.reign) else { return .otherReign }
        guard beats[call.incarnation] != nil else { return .unregistered }
        guard beats[call.dead.incarnation] == call.dead.counter else { return .moved }
        beats[call.dead.incarnation] = nil
        dead.insert(call.dead.incarnation)
        return .certified
    }

    /// Frees names of an incarnation that was certified dead. Session, lineage and `n` stay, so
    /// that the owner may come back to where it was.
    public mutating func reap(_ call: ReapCall) -> ReapAnswer {
        guard reigns(call.reign) else { return .otherReign }
        guard dead.contains(call.dead) else { return .notDead }
        for key in call.keys {
            // Somebody may have claimed it since: a dead holder holds nothing.
            if names[key]?.holder == call.dead { names[key]?.holder = nil }
            leave(key, holder: call.dead)
        }
        let left = held[call.dead]?.count ?? 0
        if left == 0 { dead.remove(call.dead) }
        return .left(left)
    }

    /// In the order of their texts: a set's own is another one in each process.
    private var roster: Roster {
        Roster(
            beats: beats.map { .init(incarnation: $0.key, counter: $0.value) }
                .sorted { $0.incarnation.description < $1.incarnation.description },
            dead: dead.sorted { $0.description < $1.description }
        )
    }
}
