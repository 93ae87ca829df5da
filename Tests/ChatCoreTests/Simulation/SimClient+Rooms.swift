@testable import ChatCore

/// The rooms of a client of `chat.v1`: it joins them with the position at which it stands, on whatever node, and
/// notes what it is told.
extension SimClient {
    /// Joins a room, leaves one, or reads older messages, at times.
    func roam(over socket: SimSocket) {
        guard world.chance(0.4), let room = world.rooms.randomElement(using: &world.random)
        else { return }
        let about = #""room":"\#(room.text)""#
        guard asked.contains(room) else {
            asked.insert(room)
            let since = views[room]?.position.map {
                #","since":{"epoch":"\#($0.epoch)","seq":\#($0.seq),"mid":"\#($0.mid)"}"#
            }
            return socket.say(#"{"type":"join",\#(about)\#(since ?? "")}"#)
        }
        switch Int.random(in: 0..<10, using: &world.random) {
        case 0:
            // Not before it is told where it stands: it could not tell two answers apart.
            guard joined.remove(room) != nil else { return }
            asked.remove(room)
            socket.say(#"{"type":"leave",\#(about)}"#)
        case 1: socket.say(#"{"type":"history",\#(about),"id":1,"limit":7}"#)
        default: break
        }
    }

    func hearOfRoom(_ event: Session.Event, over place: SimSocket) {
        let written = { place.loop.node.redis.count(in: $0) }
        switch event {
        case .joined(let room, let position, let isRecovered, let presence):
            guard asked.contains(room) else { return }
            joined.insert(room)
            members[room] = MemberView(presence)
            views[room, default: ClientView()]
                .joined(at: position, isRecovered: isRecovered, written: written(room))
        case .gap(let room, let numbers) where joined.contains(room):
            views[room]?.gap(numbers, written: written(room))
        case .reset(let room, let position) where joined.contains(room):
            views[room]?.reset(to: position)
        case .history(let room, let items, _):
            views[room]?.compare(Self.entries(in: items[...]))
        default: break
        }
    }

    /// Notes that a message was accepted, at a place that the room's members may not have come to.
    func noteAck(at place: Acceptance, _ about: Session.Subject) {
        guard let seq = place.seq, let room = about.room.flatMap({ try? RoomName($0) }),
            joined.contains(room), let position = views[room]?.position
        else { return }
        world.noteAck(at: seq, from: position)
        guard world.mutant == .ackMovesPosition, seq > position.seq else { return }
        views[room]?.move(to: Position(epoch: position.epoch, seq: seq, mid: place.mid))
    }

    /// Hears a frame of a room's backlog.
    func hear(_ text: ArraySlice<UInt8>, in room: RoomName, over place: SimSocket) {
        guard place === socket, joined.contains(room) else { return }
        let entry = Self.entries(in: text).first
        switch text {
        case _ where text.starts(with: #"{"type":"chat""#.utf8),
            _ where text.starts(with: #"{"type":"removed""#.utf8):
            guard let entry else { return complain("a message without a place") }
            views[room]?.take(entry.0, entry.1)
        case _ where text.starts(with: #"{"type":"presence""#.utf8):
            if let violation = members[room]?.take(text) {
                complain("told of \(room.text): \(violation)")
            }
        case _ where text.starts(with: #"{"type":"reset""#.utf8):
            let epoch = Self.number(after: #""epoch":""#, in: text)
            guard let entry, let epoch else { return complain("a reset without a place") }
            views[room]?.reset(to: Position(epoch: epoch, seq: entry.0, mid: entry.1))
        case _ where text.starts(with: #"{"type":"gap""#.utf8):
            guard let from = Self.number(after: #""from":"#, in: text),
                let to = Self.number(after: #""to":"#, in: text), from <= to
            else { return complain("a gap without numbers") }
            views[room]?.gap(from...to, written: place.loop.node.redis.count(in: room))
        default: complain("not a frame: \(String(decoding: text, as: UTF8.self))")
        }
    }

    private func complain(_ what: String) { world.complain("client \(number): \(what)") }

    /// What a client was told that contradicts the protocol, and what it never heard of those rooms that keep
    /// everything.
    func violations(_ orders: [RoomName: [MessageID]], keepsData: Bool) -> [String] {
        views.sorted { $0.key.text < $1.key.text }.flatMap { room, view in
            var found = view.violations
            if keepsData, let mid = view.firstLacking(in: orders[room] ?? []) {
                found.append("never heard \(mid)")
            }
            return found.map { "client \(number) in \(room.text): \($0)" }
        }
    }

    /// The numbers and ids of the messages in a text.
    static func entries(in text: ArraySlice<UInt8>) -> [(UInt64, MessageID)] {
        var entries: [(UInt64, MessageID)] = []
        var rest = text
        while let seq = rest.firstRange(of: Array(#""seq":"#.utf8)) {
            // What a notice of a removal is about is no entry.
            let isTarget = rest[..<seq.lowerBound].suffix(6).elementsEqual(#""of":{"#.utf8)
            rest = rest[seq.upperBound...]
            if isTarget { continue }
            guard let number = number(rest), let mid = rest.firstRange(of: Array(#""mid":""#.utf8))
            else { break }
            rest = rest[mid.upperBound...]
            let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
            guard let id = MessageID(name) else { break }
            entries.append((number, id))
        }
        return entries
    }

    static func number(after key: String, in text: ArraySlice<UInt8>) -> UInt64? {
        text.firstRange(of: Array(key.utf8)).flatMap { number(text[$0.upperBound...]) }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> UInt64? {
        UInt64(
            String(
                decoding: text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) },
                as: UTF8.self
            )
        )
    }
}
