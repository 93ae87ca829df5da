/// What comes over the subscription, what the log answers, and what the timelines want then.
extension RoomFeeds {
    /// Notes that the subscription's connection is there. Its owner subscribes to all `rooms`, and
    /// from now on to each one that is entered.
    public mutating func connected() {
        isConnected = true
    }

    /// Begins to catch up with a room: the broker has confirmed that everything that is published in it
    /// from now on comes.
    public mutating func subscribed(to room: RoomName, into effects: inout [Effect]) {
        guard let number = number(of: room) else { return }
        update(number, &effects) { $0.subscribed(into: &$1) }
    }

    /// Stops delivery: the subscription's connection is gone.
    public mutating func unsubscribed() {
        isConnected = false
        for number in feeds.indices { feeds[number].timeline.unsubscribed() }
        awaitedProbes = []
    }

    /// Takes the node's registration, in another epoch or in the same one again.
    public mutating func epochChanged(to epoch: Epoch, into effects: inout [Effect]) {
        self.epoch = epoch
        for number in feeds.indices where feeds[number].isUsed {
            update(number, &effects) { $0.epochChanged(to: epoch, into: &$1) }
        }
    }

    /// Takes messages of a room that came over the subscription. Those of an unknown room are dropped.
    ///
    /// Cost: no allocation of its own.
    public mutating func receive(
        _ publication: Publication,
        in room: RoomName,
        into effects: inout [Effect]
    ) {
        guard let number = number(of: room) else { return }
        update(number, &effects) { $0.receive(publication, into: &$1) }
    }

    /// Takes a message that came over the subscription and that an external program has published in a
    /// room.
    public mutating func receive(
        external body: [UInt8],
        in room: RoomName,
        into effects: inout [Effect]
    ) {
        guard let number = number(of: room) else { return }
        update(number, &effects) { $0.receive(external: body, into: &$1) }
    }

    /// Compares the ends of up to `most` rooms with what has been delivered: the next ones in turn.
    public mutating func compare(atMost most: Int, into effects: inout [Effect]) {
        var rest = most
        for _ in feeds.indices where rest > 0 {
            if nextCompared >= feeds.count { nextCompared = 0 }
            let number = nextCompared
            nextCompared += 1
            guard feeds[number].isUsed else { continue }
            rest -= 1
            update(number, &effects) { $0.compare(into: &$1) }
        }
    }

    /// Begins to catch up with a room: a loop was told that it ends elsewhere than here.
    public mutating func recheck(_ room: RoomName, into effects: inout [Effect]) {
        guard let number = number(of: room) else { return }
        update(number, &effects) { $0.recheck(into: &$1) }
    }

    /// Takes the answer to a room's `catchUp`.
    public mutating func caughtUp(
        _ room: RoomName,
        _ answer: CatchUpAnswer,
        ticket: UInt64,
        into effects: inout [Effect]
    ) {
        guard let number = number(of: room) else { return }
        update(number, &effects) { $0.caughtUp(answer, ticket: ticket, into: &$1) }
    }

    /// Asks anew what could not be asked, or was turned away, if the room still waits for it.
    public mutating func retry(
        _ room: RoomName,
        ticket: UInt64,
        in epoch: Epoch,
        into effects: inout [Effect]
    ) {
        guard let number = number(of: room), feeds[number].timeline.awaits(ticket) else { return }
        update(number, &effects) { $0.epochChanged(to: epoch, into: &$1) }
    }

    /// Takes a probe that has come back over the subscription.
    public mutating func probed(ticket: UInt64, into effects: inout [Effect]) {
        guard let index = awaitedProbes.firstIndex(where: { $0.ticket == ticket }) else { return }
        let probe = awaitedProbes.remove(at: index)
        update(probe.room, &effects) { $0.probed(ticket: probe.ticketOfRoom, into: &$1) }
    }
}

// MARK: - Timelines

extension RoomFeeds {
    /// Returns the number of a room that is heard.
    mutating func number(of room: RoomName) -> Int? {
        if let latest, feeds[latest].timeline.room == room { return latest }
        guard let number = numbers[room] else { return nil }
        latest = number
        return number
    }

    /// Lets a room's timeline take an event, and passes on what it wants done.
    private mutating func update(
        _ number: Int,
        _ effects: inout [Effect],
        _ event: (inout Timeline, inout [Timeline.Effect]) -> Void
    ) {
        event(&feeds[number].timeline, &spare)
        guard !spare.isEmpty else { return }
        let room = feeds[number].timeline.room
        for effect in spare {
            switch effect {
            case .probe(let ticket):
                effects.append(.timeline(room, .probe(ticket: probe(number, ticket))))
            case .opened:
                feeds[number].hasOpened = true
                effects.append(.timeline(room, effect))
            default:
                effects.append(.timeline(room, effect))
            }
        }
        spare.removeAll(keepingCapacity: true)
    }

    /// Returns the node's ticket for a probe of one room, in place of an older one of that room.
    private mutating func probe(_ room: Int, _ ticketOfRoom: UInt64) -> UInt64 {
        lastProbe += 1
        awaitedProbes.removeAll { $0.room == room }
        awaitedProbes.append(
            AwaitedProbe(ticket: lastProbe, room: room, ticketOfRoom: ticketOfRoom)
        )
        return lastProbe
    }
}
