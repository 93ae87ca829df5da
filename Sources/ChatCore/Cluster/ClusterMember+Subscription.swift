/// Events of the subscription.
extension ClusterMember {
    /// The subscription's connection is there.
    public mutating func subscriptionUp(now: Instant, into effects: inout [Effect]) {
        guard let incarnation else { return }
        // From now on, because the confirmation may be lost as well.
        probe = SubscriptionProbe(now: now)
        isSubscriptionNew = true
        rooms.connected()
        effects.append(.subscribeAll(incarnation, rooms.rooms))
    }

    /// The broker has confirmed the newest subscription to a room: what is published in it from now on
    /// comes.
    public mutating func subscribed(
        to room: RoomName,
        now: Instant,
        into effects: inout [Effect]
    ) {
        if isSubscriptionNew {
            // The process's own channel comes before the rooms'.
            isSubscriptionNew = false
            effects.append(.mayHaveMissedReplacements)
        }
        updateRooms(now, &effects) { $0.subscribed(to: room, into: &$1) }
        finish(now, &effects)
    }

    /// The subscription's connection is gone, or another try for one has failed.
    public mutating func subscriptionLost(now: Instant, into effects: inout [Effect]) {
        shutRooms(&effects)
        finish(now, &effects)
    }

    /// Something came over the subscription, whatever it was.
    public mutating func heard(now: Instant) {
        probe?.heard(now: now)
    }

    /// Messages of a room came over the subscription.
    public mutating func receive(
        _ publication: Publication,
        in room: RoomName,
        now: Instant,
        into effects: inout [Effect]
    ) {
        updateRooms(now, &effects) { $0.receive(publication, in: room, into: &$1) }
    }

    /// Something came over the subscription that another program has published in a room.
    public mutating func receive(
        external body: [UInt8],
        in room: RoomName,
        now: Instant,
        into effects: inout [Effect]
    ) {
        updateRooms(now, &effects) { $0.receive(external: body, in: room, into: &$1) }
    }

    /// A probe with a ticket has come back over the subscription.
    public mutating func probed(ticket: UInt64, now: Instant, into effects: inout [Effect]) {
        updateRooms(now, &effects) { $0.probed(ticket: ticket, into: &$1) }
    }

    /// The name of one of this process's logins was taken over.
    public mutating func replaced(_ login: LoginID, into effects: inout [Effect]) {
        effects.append(.replaced(login))
    }

    /// Ends the subscription, and makes another one.
    mutating func restartSubscription(isSilent: Bool, _ effects: inout [Effect]) {
        shutRooms(&effects)
        effects.append(.restartSubscription(isSilent: isSilent))
    }

    private mutating func shutRooms(_ effects: inout [Effect]) {
        probe = nil
        if rooms.isConnected { effects.append(.roomsShut) }
        rooms.unsubscribed()
    }
}
