import ChatCore
import TestSupport
import Testing

@testable import ChatRedis

/// Tests what a node makes of the confirmations and messages of its subscription.
@Suite struct RedisSubscriberTests {
    private let harness: RedisConnectionHarness
    private var subscriber = RedisSubscriber(keys: RedisKeys(prefix: "chat"))
    private let incarnation: Incarnation
    private let blue: RoomName

    init() throws {
        harness = try RedisConnectionHarness()
        var random = SplitMix(seed: 1)
        incarnation = Incarnation(using: &random)
        blue = try RoomName("blue")
    }

    /// Reads a confirmation or a message. Returns what it means, in words.
    private mutating func read(_ kind: String, _ channel: String, _ payload: String? = nil)
        -> String
    {
        let last = payload.map { RespValue.bulk(Array($0.utf8)) } ?? .integer(1)
        let parts = [kind, channel].map { RespValue.bulk(Array($0.utf8)) }
        switch subscriber.read(.array(parts + [last])) {
        case .confirmed(let room): return "confirmed \(room.text)"
        case .publication(_, let room): return "publication in \(room.text)"
        case .external(_, let room): return "external in \(room.text)"
        case .probe(let ticket): return "probe \(ticket)"
        case .replaced(let login): return "replaced \(login)"
        case .presence(let change): return "presence \(change.number) in \(change.room.text)"
        case .typing(let name, let room): return "\(name) writes in \(room.text)"
        case .malformed: return "malformed"
        case .nothing: return "nothing"
        }
    }

    private mutating func message(_ channel: String) -> String {
        read("message", channel, #"{"type":"chat","username":"ops","value":"hi"}"#)
    }

    @Test mutating func `each room is confirmed by itself, after the node's own channel`() {
        subscriber.subscribe(harness.connection, as: incarnation, to: [.lobby, blue])
        let sent = harness.sent
        let places = ["chat@", "\r\nchat\r\n", "chat:blue"].map {
            sent.firstRange(of: $0)?.lowerBound
        }
        #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted())
        #expect(read("subscribe", "chat@\(incarnation)") == "nothing")
        #expect(message("chat") == "nothing")
        #expect(read("subscribe", "chat") == "confirmed lobby")
        #expect(message("chat") == "external in lobby")
        #expect(message("chat:blue") == "nothing")
        #expect(read("subscribe", "chat:blue") == "confirmed blue")
        #expect(message("chat:blue") == "external in blue")
        #expect(message("chat") == "external in lobby")
    }

    @Test mutating func `what comes of a room before its end is confirmed is dropped`() {
        subscriber.subscribe(harness.connection, to: blue)
        #expect(read("subscribe", "chat:blue") == "confirmed blue")
        #expect(message("chat:blue") == "external in blue")
        subscriber.unsubscribe(harness.connection, from: blue)
        #expect(message("chat:blue") == "nothing")
        #expect(read("unsubscribe", "chat:blue") == "nothing")
        #expect(message("chat:blue") == "nothing")
    }

    @Test mutating func `only the newest subscription's confirmation counts`() {
        subscriber.subscribe(harness.connection, to: blue)
        subscriber.unsubscribe(harness.connection, from: blue)
        subscriber.subscribe(harness.connection, to: blue)
        #expect(read("subscribe", "chat:blue") == "nothing")
        #expect(message("chat:blue") == "nothing")
        #expect(read("unsubscribe", "chat:blue") == "nothing")
        #expect(read("subscribe", "chat:blue") == "confirmed blue")
        #expect(message("chat:blue") == "external in blue")
    }

    @Test mutating func `many rooms are subscribed to with several commands`() throws {
        let rooms = try (0..<600).map { try RoomName("room-\($0)") }
        subscriber.subscribe(harness.connection, as: incarnation, to: rooms)
        #expect(harness.sent.ranges(of: "SUBSCRIBE").count == 4)
    }
}
