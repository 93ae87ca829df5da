/// Who is present in the rooms that the node hears.
extension ClusterMember {
    /// A change of who is present in a room came over the subscription.
    public mutating func receive(
        _ change: PresenceChange,
        now: Instant,
        into effects: inout [Effect]
    ) {
        guard rooms.hears(change.room) else { return }
        updatePresence(now, &effects) { $0.receive(change, now: now, into: &$1) }
    }

    /// A look at a room's log has also shown the number of the last change of who is present there.
    mutating func comparePresence(
        _ call: CatchUpCall,
        _ answer: CatchUpAnswer,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard case .page(let page) = answer, rooms.hears(call.room) else { return }
        updatePresence(now, &effects) {
            $0.compare(
                call.room,
                number: page.presence,
                in: call.epoch.number,
                now: now,
                into: &$1
            )
        }
    }

    mutating func updatePresence(
        _ now: Instant,
        _ effects: inout [Effect],
        _ event: (inout PresenceFeeds, inout [PresenceFeeds.Effect]) -> Void
    ) {
        var wanted: [PresenceFeeds.Effect] = []
        event(&presence, &wanted)
        for effect in wanted {
            switch effect {
            case .read(let call) where isLinked: ask(.present(call), now, &effects)
            case .read(let call):
                // The first look at the room over another connection asks again.
                updatePresence(now, &effects) { $0.notRead(call, now: now, into: &$1) }
            case .tell(let news): effects.append(.presenceChanged(news))
            }
        }
    }
}
