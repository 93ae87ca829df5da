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

/// Who a client of `chat.v1` knows to be present in a room that it has joined.
struct MemberView {
    /// The names; nil: it was not told any yet.
    private(set) var names: Set<String>?

    /// Takes what came with `joined`.
    init(_ frames: PresenceFrames?) {
        names = frames?.names.map { Self.names($0[...]) }
    }

    /// Takes a frame. Returns what contradicts what was told before; nil: nothing does.
    mutating func take(_ text: ArraySlice<UInt8>) -> String? {
        guard let count = SimClient.number(after: #""count":"#, in: text) else {
            return "no count"
        }
        if let all = Self.names(after: #""members":"#, in: text) {
            names = all
        } else if let joined = Self.names(after: #""joined":"#, in: text),
            let left = Self.names(after: #""left":"#, in: text)
        {
            guard let before = names else { return "a change of what was not told" }
            guard left.isSubset(of: before) else { return "\(left.sorted()) left, not there" }
            let rest = before.subtracting(left)
            guard rest.isDisjoint(with: joined) else { return "\(joined.sorted()) joined twice" }
            names = rest.union(joined)
        }
        return names.map { UInt64($0.count) } == count ? nil : "count \(count) of \(names ?? [])"
    }

    private static func names(after key: String, in text: ArraySlice<UInt8>) -> Set<String>? {
        text.firstRange(of: Array(key.utf8)).map { names(text[$0.upperBound...]) }
    }

    /// The names in a list at the beginning of a text. None has a character that JSON escapes.
    private static func names(_ text: ArraySlice<UInt8>) -> Set<String> {
        let list = text.prefix { $0 != UInt8(ascii: "]") }
        let parts = list.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
        return Set(
            parts.indices.filter { !$0.isMultiple(of: 2) }.map {
                String(decoding: parts[$0], as: UTF8.self)
            }
        )
    }
}

/// Telling the members of a room on a loop who is present, as the hub does.
extension SimLoop {
    func tellPresence(in room: SimRoom) {
        for member in room.members { tellPresence(to: member, in: room) }
    }

    /// Tells a member that reads. One that does not is told when it does.
    func tellPresence(to member: SimMember, in room: SimRoom) {
        guard member.isReading, member.socket.isOpen,
            room.members.contains(where: { $0 === member }),
            let frame = room.presence.frame(forMemberTold: member.told)
        else { return }
        member.told = room.presence.number
        tell(frame.drop { $0 != UInt8(ascii: "{") }, to: member, in: room.history.name)
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

extension World {
    /// Waits until no name has joined or left for longer than news may wait, and then compares as
    /// `expectPresence` does. A client that has vanished is noticed late, and lingers then.
    func settlePresence(_ redis: SimRedis, _ nodes: [SimNode], _ people: [SimClient]) {
        run(until: now + .seconds(3))
        for _ in 0..<10 {
            let before = redis.store.presence.values.map(\.number)
            run(until: now + .seconds(3))
            if redis.store.presence.values.map(\.number) == before { break }
        }
        expectPresence(redis, nodes)
        for person in people { person.expectPresence(in: redis) }
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

extension SimClient {
    /// Compares what it was told last of each room that it has joined with what is kept; and the rooms of its
    /// name with those that it has joined.
    func expectPresence(in redis: SimRedis) {
        guard isServed else { return }
        if outbox != nil, mood == .talking, let record = redis.store.names[name] {
            let rooms = Set(record.rooms)
            if rooms != joined {
                world.complain(
                    "client \(number) is in \(joined.map(\.text).sorted()), and its name in "
                        + "\(rooms.map(\.text).sorted())"
                )
            }
        }
        for (room, view) in members where joined.contains(room) {
            let names = Set(redis.store.presence[room]?.names.values.map(\.display) ?? [])
            if view.names != names {
                world.complain(
                    "client \(number) was told \(view.names?.sorted() ?? []) of \(room.text), where "
                        + "\(names.sorted()) are"
                )
            }
        }
    }
}
