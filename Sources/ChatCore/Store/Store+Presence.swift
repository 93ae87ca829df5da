/// Who is present in a room. A room without names is kept as long as the room, for its number.
struct RoomPresence {
    struct Entry {
        /// The producer under which the name has joined.
        var producer: ProducerID
        /// The spelling with which it has joined.
        let display: String
    }

    /// The number of the last change.
    var number: UInt64 = 0
    var names: [String: Entry] = [:]
    /// What the present call has changed.
    fileprivate var steps: [PresenceChange.Step] = []
}

extension Store {
    /// Has names of one process join and leave rooms.
    public mutating func move(_ call: PresenceCall) -> PresenceAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        let verdicts = call.moves.map { move($0, of: call.incarnation) }
        tellPresence()
        return .verdicts(verdicts)
    }

    private mutating func move(
        _ move: PresenceCall.Move,
        of incarnation: Incarnation
    ) -> PresenceVerdict {
        let key = move.username.key
        guard var record = names[key], record.holder == incarnation, record.login == move.login,
            record.fence == move.fence, record.producer == move.producer
        else { return .fenced }
        record.rooms.removeAll { move.left.contains($0) }
        for room in move.joined where !record.rooms.contains(room) { record.rooms.append(room) }
        names[key] = record
        for room in move.left { leave(room, key, record.producer) }
        for room in move.joined { join(room, move.name, record.producer) }
        return .done
    }

    /// Returns who is present in a room.
    public func present(_ call: PresentCall) -> PresentAnswer {
        guard isCurrent(call.epoch) else { return .otherEpoch }
        let room = presence[call.room] ?? RoomPresence()
        var names: [PresentName]?
        if room.names.count <= Limits.presenceListed {
            names = room.names.map { PresentName(key: $0.key, display: $0.value.display) }
                .sorted { $0.key < $1.key }
        }
        return .present(number: room.number, count: room.names.count, names: names)
    }

    /// Whether `takeReplaced` or `takePresenceChanges` has something to return.
    public var hasNews: Bool { !replaced.isEmpty || !presenceChanges.isEmpty }

    /// Removes and returns the changes of who is present that calls have made since the last call.
    public mutating func takePresenceChanges() -> [PresenceChange] {
        guard !presenceChanges.isEmpty else { return [] }
        defer { presenceChanges = [] }
        return presenceChanges
    }
}

// MARK: - Pairs of a name and a room

extension Store {
    /// Makes a name present in a room. If it is already, nothing is told, and the entry gets the producer.
    mutating func join(_ room: RoomName, _ name: PresentName, _ producer: ProducerID) {
        let index = placeOfPresence(in: room)
        guard presence.values[index].names[name.key] == nil else {
            presence.values[index].names[name.key]?.producer = producer
            return
        }
        let entry = RoomPresence.Entry(producer: producer, display: name.display)
        presence.values[index].names[name.key] = entry
        note(name, hasJoined: true, index)
    }

    /// Takes a name out of a room, if it is present there under the producer.
    mutating func leave(_ room: RoomName, _ key: String, _ producer: ProducerID) {
        guard let index = presence.index(forKey: room),
            let entry = presence.values[index].names[key], entry.producer == producer
        else { return }
        presence.values[index].names[key] = nil
        note(.init(key: key, display: entry.display), hasJoined: false, index)
    }

    /// Takes a name that is free now out of its rooms.
    mutating func leaveRooms(_ key: String, of record: NameRecord) {
        for room in record.rooms { leave(room, key, record.producer) }
    }

    private mutating func placeOfPresence(in room: RoomName) -> Int {
        if let index = presence.index(forKey: room) { return index }
        presence[room] = RoomPresence()
        return presence.count - 1
    }

    private mutating func note(_ name: PresentName, hasJoined: Bool, _ index: Int) {
        if presence.values[index].steps.isEmpty { changedPresence.append(presence.keys[index]) }
        presence.values[index].steps.append(.init(name, hasJoined: hasJoined))
    }

    /// Numbers the changes of each room that the present call has changed, for `takePresenceChanges`.
    mutating func tellPresence() {
        guard !changedPresence.isEmpty else { return }
        for room in changedPresence {
            guard let index = presence.index(forKey: room) else { continue }
            presence.values[index].number += 1
            let count = presence.values[index].names.count
            presenceChanges.append(
                PresenceChange(
                    room: room,
                    epoch: epochState?.epoch.number ?? 0,
                    number: presence.values[index].number,
                    count: count,
                    steps: count <= Limits.presenceListed ? presence.values[index].steps : []
                )
            )
            presence.values[index].steps.removeAll()
        }
        changedPresence.removeAll(keepingCapacity: true)
    }

    /// Removes the presence of rooms that are not remembered any more.
    mutating func removeOldPresence() {
        let old = presence.keys.indices.filter {
            presence.values[$0].names.isEmpty && rooms[presence.keys[$0]] == nil
        }
        for room in old.map({ presence.keys[$0] }) { presence[room] = nil }
    }
}
