@testable import ChatCore

/// What a client of `chat.v1` may take back, and what it has.
struct SimRemovals {
    struct Place {
        let room: RoomName
        let target: MessagePlace
    }

    /// The messages of the present login whose places it knows.
    private(set) var own: [Place] = []
    /// Those that it was told to be taken back.
    private(set) var done: [Place] = []

    static func isChat(_ body: String) -> Bool { body.hasPrefix(#"{"type":"chat""#) }

    mutating func forgetOwn() { own = [] }

    /// Notes that a request was accepted.
    mutating func accepted(_ body: String, _ place: Acceptance, _ room: String?) {
        guard let room = room.flatMap({ try? RoomName($0) }) else { return }
        if Self.isChat(body) {
            guard let seq = place.seq else { return }
            own.append(Place(room: room, target: .init(seq: seq, mid: place.mid)))
        } else if let (seq, mid) = SimClient.entries(in: Array(body.utf8)[...]).first {
            done.append(Place(room: room, target: .init(seq: seq, mid: mid)))
        }
    }
}

extension SimClient {
    /// Takes a message of its own back, often the newest one, at times one that it has taken back before.
    /// Returns false if there is none.
    func remove() -> Bool {
        let isNewest = world.chance(0.5)
        guard
            let place = isNewest
                ? removals.own.last : removals.own.randomElement(using: &world.random)
        else { return false }
        let request =
            #"{"type":"remove","room":"\#(place.room.text)","seq":\#(place.target.seq),"#
            + #""mid":"\#(place.target.mid)","reason":"\#(world.now.nanoseconds)"}"#
        // Some look at it once more before.
        if joined.contains(place.room), world.chance(0.5) {
            let (room, end) = (place.room.text, place.target.seq + 1)
            say(#"{"type":"history","room":"\#(room)","id":2,"before":\#(end),"limit":3}"#)
        }
        if let text = outbox?.add(request) { say(text) }
        return true
    }

    /// Notes the place that it was told of what was accepted.
    func notePlace(_ place: Acceptance, _ about: Session.Subject) {
        guard let seq = place.seq, let room = about.room.flatMap({ try? RoomName($0) }) else {
            return
        }
        places.append(.init(room: room, target: .init(seq: seq, mid: place.mid)))
    }

    /// Each place that it was told is right, and what was taken back is gone.
    func expectPlaces(in redis: SimRedis) {
        for place in places {
            let order = redis.orders[place.room] ?? []
            guard place.target.seq <= order.count,
                order[Int(place.target.seq) - 1] == place.target.mid
            else {
                let told = "\(place.target) in \(place.room.text)"
                world.complain("client \(number) was told \(told), where another message is")
                continue
            }
        }
        expectRemoved(in: redis)
    }

    /// What it was told to be taken back has no text in the room any more.
    private func expectRemoved(in redis: SimRedis) {
        for place in removals.done {
            guard let (item, _) = redis.store.rooms[place.room]?.message(at: place.target),
                item.isChat
            else { continue }
            world.complain("client \(number): \(place.target) was taken back, and is there")
        }
    }
}

/// A loop that has heard that a message was taken back sends its text to no client any more.
extension SimLoop {
    func noteRemoved(in batch: FramedBatch, of room: RoomName) {
        for (target, _) in batch.removed { removed[room, default: []].insert(target.mid) }
    }

    func expectNotRemoved(_ text: ArraySlice<UInt8>, in room: RoomName) {
        guard let removed = removed[room] else { return }
        var rest = text
        while let chat = rest.firstRange(of: Array(#"{"type":"chat""#.utf8)) {
            rest = rest[chat.upperBound...]
            guard let (_, mid) = SimClient.entries(in: rest).first else { return }
            told(!removed.contains(mid), "\(mid) was sent, and has been taken back")
        }
    }
}
