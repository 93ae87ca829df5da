import ChatClient
import ChatCore
import Testing

@testable import ChatBench

/// The load generator's messages: a stamp that was written is found again.
@Suite struct StampCodecTests {
    private static let codec = StampCodec(run: "k3f9x0", valueBytes: 64)
    private static let stamp = Stamp(
        sender: 0xABCD,
        number: 0x0123_4567,
        intended: Instant(nanoseconds: 0x0FED_CBA9_8765_4321)
    )

    private static func read(_ text: [UInt8], _ codec: StampCodec = codec) -> StampCodec.Heard? {
        codec.read(text.span.bytes)
    }

    private static func said(_ codec: StampCodec = codec) -> [UInt8] {
        var message = codec.message(from: Int(stamp.sender))
        codec.stamp(&message, stamp)
        return message
    }

    /// Returns a message as the node relays it: what it really does with the bytes of a client.
    private static func relayed(_ seq: UInt64, _ codec: StampCodec = codec, room: String? = nil)
        throws
        -> [UInt8]
    {
        let said = said(codec)
        let message = try ClientMessage.parse(said.span.bytes)
        let body = ChatBody(
            username: codec.name(Int(stamp.sender)),
            value: message.value,
            in: said.span.bytes,
            room: room
        )
        var text: [UInt8] = []
        let mid = try #require(MessageID("k3v9x0qa.4"))
        ChatFrame.append(
            body: body.bytes.span.bytes,
            seq: seq,
            timestampMs: 1,
            mid: mid,
            to: &text
        )
        return text
    }

    @Test(arguments: [0, 9, 10, 4_294_967_296, UInt64.max])
    func `a stamp comes back from what a node sends`(seq: UInt64) throws {
        let text = try Self.relayed(seq)
        let heard = try #require(Self.read(text))
        #expect(heard == StampCodec.Heard(stamp: Self.stamp, seq: seq))
    }

    @Test func `a stamp comes back from JSON in another order`() throws {
        let value = try #require(
            String(decoding: Self.said(), as: UTF8.self).split(separator: "\"").dropLast().last
        )
        let text = Array(
            #"{ "seq":5,"value":"\#(value)","username":"\#(Self.codec.name(Int(Self.stamp.sender)))","type":"chat"}"#
                .utf8
        )
        #expect(Self.read(text) == nil)
        let message = HeardMessage(text.span.bytes)
        #expect(
            message.flatMap { Self.codec.read($0) } == StampCodec.Heard(stamp: Self.stamp, seq: 5)
        )
    }

    @Test func `a server that numbers nothing is understood`() throws {
        let heard = try #require(Self.read(Self.said()))
        #expect(heard == StampCodec.Heard(stamp: Self.stamp, seq: nil))
    }

    @Test func `other clients' messages are not taken for the run's own, however short`() throws {
        let text = try Self.relayed(7)
        for end in 0..<text.count - #","seq":7,"ts":1,"mid":"k3v9x0qa.4"}"#.utf8.count {
            #expect(Self.read(Array(text[..<end])) == nil)
        }
        let other = StampCodec(run: "k3f9x1", valueBytes: 64)
        #expect(Self.read(text, other) == nil)
    }

    @Test func `a message of which one byte is changed is not taken for the one that was sent`()
        throws
    {
        let said = Self.said()
        let text = String(decoding: said, as: UTF8.self)
        let stamp = try #require(said.firstRange(of: Array(#""value":""#.utf8))).upperBound
        let end = said.count - 1
        // Of the stamp a recipient can check only that the sender's number is that of the name.
        let unknown = stamp + 8..<stamp + 32
        for index in 0..<end where !unknown.contains(index) {
            var changed = said
            changed[index] ^= 1
            #expect(Self.read(changed) == nil, "\(index) of \(text)")
            let message = HeardMessage(changed.span.bytes)
            #expect(message.flatMap { Self.codec.read($0) } == nil, "\(index) of \(text)")
        }
    }

    @Test func `noise may come from any client`() throws {
        var noise = Self.codec.message(from: 5)
        let stamp = Stamp(sender: Stamp.noise, number: 0, intended: Self.stamp.intended)
        Self.codec.stamp(&noise, stamp)
        #expect(Self.read(noise)?.stamp == stamp)
    }

    @Test func `a message has the size that was asked for`() throws {
        for size in [StampCodec.smallestValueBytes, 35, 128, 4096] {
            let codec = StampCodec(run: "aaaaaa", valueBytes: size)
            let text = Self.said(codec)
            let message = try ClientMessage.parse(text.span.bytes)
            #expect(message.value?.count == size)
            #expect(Self.read(text, codec)?.stamp == Self.stamp)
        }
    }

    @Test func `every client has a name that a node accepts, and its own`() throws {
        let names = [0, 1, 9, 10, 9_999_999].map(Self.codec.name)
        for name in names { #expect(try Username(name).display == name) }
        #expect(Set(names).count == names.count)
        #expect(Set(names.map(\.utf8.count)).count == 1)
    }

    private static func readJSON(_ text: [UInt8], _ codec: StampCodec) -> StampCodec.Heard? {
        HeardMessage(text.span.bytes).flatMap { codec.read($0) }
    }

    private static func v1(_ rooms: Int?) -> StampCodec {
        StampCodec(run: "k3f9x0", valueBytes: 64, dialect: .v1, rooms: BenchRooms(rooms))
    }

    @Test func `a message of chat_v1 names its room and has its number`() throws {
        let text = String(decoding: Self.said(Self.v1(100)), as: UTF8.self)
        // The sender 43981 is in room 81; its messages count from 1.
        let end = #","room":"bench-k3f9x0-r0000081","id":"0fedcba987654321","n":19088744}"#
        #expect(text.hasSuffix(end))
        var again = Self.said(Self.v1(100))
        var first = Self.stamp
        first.number = 0
        Self.v1(100).stamp(&again, first)
        #expect(String(decoding: again, as: UTF8.self).hasSuffix(#""n":1}"#))
        let inLobby = String(decoding: Self.said(Self.v1(nil)), as: UTF8.self)
        #expect(inLobby.hasSuffix(#"","id":"0fedcba987654321","n":19088744}"#))
        #expect(!inLobby.contains("room"))
    }

    @Test func `only the room of its sender is taken for a message's room`() throws {
        let codec = Self.v1(100)
        let right = try Self.relayed(7, codec, room: codec.roomName(81))
        #expect(Self.read(right, codec) == StampCodec.Heard(stamp: Self.stamp, seq: 7))
        for room in [codec.roomName(82), nil, "bench-k3f9x1-r0000081", "tea"] {
            let text = try Self.relayed(7, codec, room: room)
            #expect(Self.read(text, codec) == nil)
            #expect(Self.readJSON(text, codec) == nil)
        }
        #expect(Self.readJSON(right, codec) == StampCodec.Heard(stamp: Self.stamp, seq: 7))
        let inLobby = try Self.relayed(7, Self.v1(nil))
        #expect(Self.read(inLobby, Self.v1(nil))?.seq == 7)
    }

    @Test func `an ack is read, unless its message was accepted before`() {
        let codec = Self.v1(2)
        func ack(_ text: String) -> StampCodec.Ack? { codec.readAck(Array(text.utf8).span.bytes) }
        let head = #"{"type":"ack","id":"0fedcba987654321","n":12,"room":"a","mid":"k3v9x0qa.4""#
        let right = StampCodec.Ack(n: 12, intended: Self.stamp.intended)
        #expect(ack(head + #","seq":20,"ts":1}"#) == right)
        #expect(ack(head + "}") == right)
        #expect(ack(head + #","seq":20,"dup":true}"#) == nil)
        #expect(ack(#"{"type":"ack","n":12,"room":"a","mid":"k3v9x0qa.4"}"#) == nil)
        #expect(ack(#"{"type":"ack","id":"0fed"}"#) == nil)
    }
}
