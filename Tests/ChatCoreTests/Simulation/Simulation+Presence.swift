@testable import ChatCore

/// Who the clients of one node were told is present in a room.
struct PresenceView {
    private(set) var names: Set<String> = []

    /// Takes news. Returns what contradicts what was told before; nil: nothing does.
    mutating func take(_ news: PresenceNews) -> String? {
        defer { names = Set(news.names ?? []) }
        guard let all = news.names, all.count == news.count else {
            return "a list that is not whole"
        }
        guard let change = news.change else { return nil }
        let twice = names.intersection(change.joined).subtracting(change.left)
        guard twice.isEmpty else { return "\(twice.sorted()) joined twice" }
        let unknown = Set(change.left).subtracting(names)
        guard unknown.isEmpty else { return "\(unknown.sorted()) left and were not there" }
        let told = names.subtracting(change.left).union(change.joined)
        return told == Set(all) ? nil : "\(told.sorted()) follows from what was told, not \(all)"
    }
}

extension SimNode {
    /// Tells the loops who is present in a room, and checks it.
    func presenceChanged(_ news: PresenceNews) {
        if let violation = presence[news.room, default: PresenceView()].take(news) {
            world.complain("node \(number) was told in \(news.room.text): \(violation)")
        }
        for loop in loops { loop.presenceChanged(PresenceFrames(framing: news)) }
    }
}

extension SimRedis {
    /// Publishes who has joined and left rooms.
    func tellPresence() {
        for change in store.takePresenceChanges() {
            for link in links where link.rooms.contains(change.room) && link.isOpenThere {
                push(link) { link.onPresence?(change) }
            }
        }
    }
}

extension SimSocket {
    /// Joins the lobby, and perhaps another room, as a session's client does.
    func joinRooms() {
        var rooms = [RoomName.lobby]
        if loop.node.world.chance(0.5), let room = try? RoomName("r") { rooms.append(room) }
        for room in rooms { loop.ask { client, _ in client.beginPresence(in: room, of: id) } }
    }
}

extension World {
    /// Waits until no name has joined or left for longer than news may wait, and then compares as
    /// `expectPresence` does. A client that has vanished is noticed late, and lingers then.
    func settlePresence(_ redis: SimRedis, _ nodes: [SimNode]) {
        run(until: now + .seconds(3))
        for _ in 0..<10 {
            let before = redis.store.presence.values.map(\.number)
            run(until: now + .seconds(3))
            if redis.store.presence.values.map(\.number) == before { break }
        }
        expectPresence(redis, nodes)
    }

    /// Compares what each node was told with what is kept, and what is kept with the names' records.
    func expectPresence(_ redis: SimRedis, _ nodes: [SimNode]) {
        for (room, kept) in redis.store.presence {
            let names = Set(kept.names.values.map(\.display))
            for node in nodes where node.isAlive && node.member.rooms.hears(room) {
                let told = node.presence[room]?.names ?? []
                if told != names {
                    complain(
                        "node \(node.number) was told \(told.sorted()) of \(room.text), where "
                            + "\(names.sorted()) are"
                    )
                }
            }
            for (key, entry) in kept.names.sorted(by: { $0.key < $1.key }) {
                let record = redis.store.names[key]
                let isRight =
                    record?.producer == entry.producer && record?.holder != nil
                    && record?.rooms.contains(room) == true
                if !isRight { complain("\(key) is in \(room.text), as its record does not say") }
            }
        }
        for (key, record) in redis.store.names {
            for room in record.rooms where redis.store.presence[room]?.names[key] == nil {
                complain("\(key) is not in \(room.text), as its record says")
            }
        }
    }
}
