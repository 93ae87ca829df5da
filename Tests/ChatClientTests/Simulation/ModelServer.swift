import Foundation
import TestSupport

/// A node with its store as `docs/protocol/chat.v1.md` tells of them: one client's login, rooms with logs. It knows
/// nothing of the client's code.
struct ModelServer {
    struct Entry: Equatable {
        let seq: Int
        let mid: String
        let value: String
        /// The client's number, if it is the client's.
        let n: Int?
    }

    struct Room {
        var epoch = 1
        var log: [Entry] = []
        /// The number of the first entry that is kept.
        var keptFrom = 1
        var top: Int { log.last?.seq ?? 0 }
        func mid(at seq: Int) -> String? {
            seq == 0 ? "birth.0" : log.first { $0.seq == seq }?.mid
        }
    }

    /// What the node knows of one socket.
    struct Socket {
        var hasName = false
        var rooms: Set<String> = []
    }

    var rooms: [String: Room] = ["tea": Room(), "pub": Room()]
    /// Everything that was accepted, in order: after a loss of data the tail is gone.
    private var order: [(room: String, mid: String)] = []
    private var secret: String?
    private var secrets = 0
    private var producer = 0
    private(set) var acked = 0
    private var said: [Int: (value: String, mid: String)] = [:]
    private var others = 0
    /// What was wrong with a client's request.
    private(set) var faults: [String] = []
    var random: SplitMix
    /// How often something goes wrong: once in this many times; 0 is never.
    var trouble = 12

    init(random: SplitMix) { self.random = random }

    private mutating func strikes() -> Bool { trouble > 0 && random.isOne(in: trouble) }

    // MARK: Requests

    /// Takes a request, and returns what is sent to the client.
    mutating func take(_ text: String, on socket: inout Socket) -> [String] {
        guard let request = Self.object(text), let type = request["type"] as? String else {
            faults.append("no JSON: \(text)")
            return []
        }
        let room = request["room"] as? String ?? "lobby"
        switch type {
        case "login": return logIn(request, &socket)
        case "join": return join(room, request["since"] as? [String: Any], &socket)
        case "leave":
            socket.rooms.remove(room)
            return []
        case "chat": return say(request, room, text, &socket)
        case "ping": return [#"{"type":"pong"}"#]
        default:
            faults.append("unknown: \(text)")
            return []
        }
    }

    static func object(_ text: String) -> [String: Any]? {
        try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    }

    private mutating func logIn(_ request: [String: Any], _ socket: inout Socket) -> [String] {
        if strikes() {
            return [
                #"{"type":"login_failure","username":"Ada","value":"unavailable","message":"","retry_ms":50}"#
            ]
        }
        let offered = request["session"] as? String
        let isResumed = offered != nil && offered == secret
        if !isResumed {
            // The name lingers, or is another's; here it is always free.
            producer += 1
            acked = 0
            said = [:]
        }
        secrets += 1
        secret = "s\(secrets)"
        socket.hasName = true
        return [
            #"{"type":"logged_in","username":"Ada","session":"s\#(secrets)","node":"n1","resumed":\#(isResumed),"acked":\#(acked),"ping_ms":25000}"#
        ]
    }

    private mutating func say(
        _ request: [String: Any],
        _ room: String,
        _ text: String,
        _ socket: inout Socket
    ) -> [String] {
        guard let n = request["n"] as? Int, let value = request["value"] as? String else {
            faults.append("no message: \(text)")
            return []
        }
        func refusal(_ code: String, _ more: String = "") -> [String] {
            [
                #"{"type":"error","username":"Ada","value":"","code":"\#(code)","room":"\#(room)","n":\#(n)\#(more)}"#
            ]
        }
        guard socket.hasName else { return refusal("not_logged_in") }
        if let earlier = said[n], n <= acked {
            if earlier.value != value {
                faults.append("number \(n) is used for \(earlier.value) and \(value)")
            }
            return [
                #"{"type":"ack","n":\#(n),"room":"\#(room)","mid":"\#(earlier.mid)","dup":true}"#
            ]
        }
        guard n == acked + 1 else { return refusal("resend", #","from":\#(acked + 1)"#) }
        if value.hasPrefix("bad") { return refusal("forbidden") }
        if strikes() {
            let code = random.isOne(in: 2) ? "unavailable" : "rate_limited"
            return refusal(code, #","retry_ms":30"#)
        }
        acked = n
        let entry = append(value, to: room, mid: "p\(producer).\(secrets).\(n)", n: n)
        said[n] = (value, entry.mid)
        let ack =
            #"{"type":"ack","n":\#(n),"room":"\#(room)","mid":"\#(entry.mid)","seq":\#(entry.seq),"ts":1}"#
        let heard = socket.rooms.contains(room) ? [chat(entry, room)] : []
        return random.isOne(in: 2) ? [ack] + heard : heard + [ack]
    }

    private mutating func append(_ value: String, to room: String, mid: String, n: Int?) -> Entry {
        let entry = Entry(seq: rooms[room]!.top + 1, mid: mid, value: value, n: n)
        rooms[room]!.log.append(entry)
        order.append((room, mid))
        return entry
    }

    private func chat(_ entry: Entry, _ room: String) -> String {
        #"{"type":"chat","username":"A","value":"\#(entry.value)","room":"\#(room)","seq":\#(entry.seq),"ts":1,"mid":"\#(entry.mid)"}"#
    }

    private mutating func join(
        _ name: String,
        _ since: [String: Any]?,
        _ socket: inout Socket
    ) -> [String] {
        if strikes() {
            return [
                #"{"type":"error","username":"","value":"","code":"unavailable","room":"\#(name)","retry_ms":40}"#
            ]
        }
        socket.rooms.insert(name)
        let room = rooms[name]!
        let seq = since?["seq"] as? Int
        let isKnown = seq.map { room.mid(at: $0) == since?["mid"] as? String } ?? false
        let start = isKnown ? seq! : room.top
        let isTrimmed = isKnown && start + 1 < room.keptFrom
        let recovered = since == nil ? "" : #","recovered":\#(isKnown && !isTrimmed)"#
        var texts = [
            #"{"type":"joined","room":"\#(name)","epoch":"\#(room.epoch)","seq":\#(start),"mid":"\#(room.mid(at: start)!)"\#(recovered),"count":1}"#
        ]
        if isTrimmed {
            texts.append(
                #"{"type":"gap","room":"\#(name)","from":\#(start + 1),"to":\#(room.keptFrom - 1)}"#
            )
        }
        texts += room.log.filter { $0.seq > max(start, room.keptFrom - 1) }.map { chat($0, name) }
        return texts + [#"{"type":"synced","room":"\#(name)","seq":\#(room.top)}"#]
    }

    // MARK: What happens elsewhere

    /// Another client says something.
    mutating func otherSays(in room: String, on socket: Socket?) -> [String] {
        others += 1
        let entry = append("other\(others)", to: room, mid: "o.\(others)", n: nil)
        return socket?.rooms.contains(room) == true ? [chat(entry, room)] : []
    }

    /// The rooms keep their newest messages only.
    mutating func trim() {
        for name in rooms.keys { rooms[name]!.keptFrom = max(1, rooms[name]!.top - 3) }
    }

    /// The login is forgotten: a later one is not resumed.
    mutating func forgetLogin() { secret = nil }

    /// Redis fails over, and the newest messages of all rooms are lost.
    mutating func loseTail(_ count: Int, on socket: Socket?) -> [String] {
        let lost = Set(order.suffix(count).map(\.mid))
        order.removeLast(min(count, order.count))
        for name in rooms.keys {
            rooms[name]!.epoch += 1
            rooms[name]!.log.removeAll { lost.contains($0.mid) }
            rooms[name]!.keptFrom = min(rooms[name]!.keptFrom, rooms[name]!.top + 1)
        }
        acked = said.filter { $0.key <= acked && !lost.contains($0.value.mid) }.keys.max() ?? 0
        said = said.filter { $0.key <= acked }
        return (socket?.rooms ?? []).sorted().map { name in
            let room = rooms[name]!
            return
                #"{"type":"reset","room":"\#(name)","epoch":"\#(room.epoch)","seq":\#(room.top),"mid":"\#(room.mid(at: room.top)!)"}"#
        }
    }
}
