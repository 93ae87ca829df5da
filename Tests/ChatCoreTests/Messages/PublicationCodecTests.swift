import TestSupport
import Testing

@testable import ChatCore

/// Tests the reading of publications on a room's channel, from nodes and from external programs.
@Suite struct PublicationCodecTests {
    private let room = RoomName.lobby
    private let head = "1700000000 5 2 1700000000123 zyxw9876.41\n"
    private let bodies = [#"{"type":"chat","username":"Ada","value":"\n"}"#, #"{"ü":1}"#]
    private var text: String {
        head + bodies.enumerated().map { "abcd0123.\($0 + 7) \($1.utf8.count)\n\($1)\n" }.joined()
    }

    private func parse(_ text: String, _ room: RoomName = .lobby) -> PublicationCodec {
        PublicationCodec.parse(Array(text.utf8), room: room)
    }

    private func isMalformed(_ text: String) -> Bool {
        if case .malformed = parse(text) { true } else { false }
    }

    // MARK: Numbered

    @Test func `numbered messages read back as they were written`() throws {
        let producer = try #require(ProducerID("abcd0123"))
        let before = try #require(MessageID("zyxw9876.41"))
        let publication = Publication(
            room: room,
            epoch: 1_700_000_000,
            firstSeq: 5,
            prev: before,
            ms: 1_700_000_000_123,
            items: bodies.enumerated().map {
                .init(mid: MessageID(producer: producer, n: UInt64($0 + 7)), body: Array($1.utf8))
            }
        )
        #expect(parse(text) == .messages(publication))
        #expect(PublicationCodec.encode(publication) == Array(text.utf8))
    }

    @Test func `a first line that is anything else is malformed`() {
        let tail = text.dropFirst(head.count)
        let prev = "zyxw9876.0"
        for head in [
            "1700000000 5 2", "1700000000 5 2\n", "1700000000 5 2 1 1\n", "1700000000 5 2 1\n",
            "1700000000 05 2 1 \(prev)\n", "1700000000 5 02 1 \(prev)\n", "01 5 2 1 \(prev)\n",
            "1 0 2 1 \(prev)\n", "1 5 0 1 \(prev)\n", "1 5 +2 1 \(prev)\n", "1 -5 2 1 \(prev)\n",
            "1  5 2 1 \(prev)\n", "1 5 2 1 \n", "1 5 2  \(prev)\n", "1 5 2 1 \(prev)\r\n",
            "1 5 2 0x1 \(prev)\n", "1 5 2 1 \(prev) \n", "1 5 2 1  \(prev)\n",
            "1 5 2 1 zyxw9876\n", "1 5 2 1 zyxw9876.\n", "1 5 2 1 zyxw9876.01\n",
            "1 5 2 1 zyxw987.1\n", "1 5 2 1 ZYXW9876.1\n", "1 5 2 1 -\n",
            "8589934592 5 2 1 \(prev)\n", "18446744073709551616 5 2 1 \(prev)\n",
            "1 18446744073709551615 2 1 \(prev)\n", "1 5 2 9223372036854775808 \(prev)\n",
            "1 5 18446744073709551615 1 \(prev)\n", "1 5 1 1 \(prev)\n", "1 5 3 1 \(prev)\n",
            // From 2^53 on Redis's scripts count wrongly.
            "1 9007199254740992 2 1 \(prev)\n", "1 9007199254740990 2 1 \(prev)\n",
            "1 5 2 9007199254740992 \(prev)\n", "1 5 2 1 zyxw9876.9007199254740992\n",
        ] {
            #expect(isMalformed(head + tail), "\(head)")
        }
        #expect(!isMalformed("0 1 2 0 \(prev)\n" + tail))
        #expect(!isMalformed("8589934591 5 2 9007199254740991 \(prev)\n" + tail))
        #expect(!isMalformed("1 9007199254740989 2 1 zyxw9876.9007199254740991\n" + tail))
    }

    @Test func `a message that is anything else is malformed`() {
        let head = "1 1 1 1 zyxw9876.0\n"
        for message in [
            "", "\n", "abcd0123.1 7\n", "abcd0123.1 8\n{\"a\":1}\n", "abcd0123.1 6\n{\"a\":1}\n",
            "abcd0123.1 7\n{\"a\":1}", "abcd0123.1 7\n{\"a\":1}\n\n", "abcd0123.1 07\n{\"a\":1}\n",
            "abcd0123.01 7\n{\"a\":1}\n", "abcd0123. 7\n{\"a\":1}\n", "abcd01231 7\n{\"a\":1}\n",
            "abcd012.1 7\n{\"a\":1}\n", "ABCD0123.1 7\n{\"a\":1}\n", "abcd0123.1 7 {\"a\":1}\n",
            "abcd0123.1  7\n{\"a\":1}\n", "abcd0123.1 0\n\n", "abcd0123.1 2\n{}\n",
            "abcd0123.1 7\n[\"a\":1]\n", "abcd0123.1 18446744073709551615\n{\"a\":1}\n",
            "abcd0123.1 9223372036854775807\n{\"a\":1}\n",
            "abcd0123.18446744073709551616 7\n{\"a\":1}\n",
            "abcd0123.9007199254740992 7\n{\"a\":1}\n",
        ] {
            #expect(isMalformed(head + message), "\(message)")
        }
        #expect(!isMalformed(head + "abcd0123.9007199254740991 7\n{\"a\":1}\n"))
    }

    // MARK: External

    @Test func `an external chat keeps its name and its value, and nothing else`() throws {
        let hand = #" "type":"chat" , "x":[1], "value": {"a" : 1e999 },"username":"\u006fps","n":1"#
        let body = #"{"type":"chat","username":"\u006fps","value":{"a" : 1e999 }"#
        #expect(parse("{\(hand)}") == .external(body: Array("\(body)}".utf8)))
        let room = try RoomName("r.1")
        #expect(
            parse("{\(hand)}\n", room) == .external(body: Array(#"\#(body),"room":"r.1"}"#.utf8))
        )
        #expect(
            parse(#"{"type":"chat","username":""}"#)
                == .external(body: Array(#"{"type":"chat","username":"","value":null}"#.utf8))
        )
    }

    @Test func `an object that is no chat is malformed`() {
        for text in [
            "{", "{}", #"{"type":"chat"}"#, #"{"type":"login","username":"a"}"#,
            #"{"type":"chat","username":1}"#, #"{"type":"chat","username":"a"} x"#,
            #"{"type":"chat","username":"a","username":"b"}"#, #"{"type":"chat","username":"a",}"#,
        ] {
            #expect(isMalformed(text), "\(text)")
        }
        let bytes = Array(#"{"type":"chat","username":"a","value":""#.utf8) + [0xFF]
        #expect(
            PublicationCodec.parse(bytes + Array("\"}".utf8), room: room)
                == .malformed(reason: "not UTF-8")
        )
    }

    @Test func `an external chat has a bound`() {
        let start = #"{"type":"chat","username":"a","value":""#
        let fill = Limits.externalBytes - start.utf8.count - 2
        #expect(!isMalformed(start + String(repeating: "x", count: fill) + #""}"#))
        #expect(
            parse(start + String(repeating: "x", count: fill + 1) + #""}"#)
                == .malformed(reason: "too long")
        )
    }

    // MARK: Anything else

    @Test func `publications of newer nodes are distinguished from malformed ones`() {
        #expect(parse("T ada") == .typing("ada"))
        #expect(parse("T Ève") == .typing("Ève"))
        for text in ["T ", "T", "Tada", "T " + String(repeating: "x", count: 129)] {
            guard case .malformed = parse(text) else { Issue.record("\(text)"); continue }
        }
        for text in ["", "P", "T", "Px", "p ", " ", "[]", "\"x\"", "hello", "-1"] {
            #expect(isMalformed(text), "\(text)")
        }
    }

    @Test func `random bytes, and true ones with a few changed, are read without a crash`() {
        var random = Seed.generator
        let alphabet = Array("0123456789 .\n{}PTabc\"-".utf8) + [0, 0xFF]
        let hand = #"{"type":"chat","username":"a","value":[1]}"#
        for round in 0..<50_000 {
            var bytes: [UInt8]
            if round.isMultiple(of: 4) {
                bytes = (0..<random.below(60)).map { _ in alphabet[random.below(alphabet.count)] }
            } else {
                bytes = Array((round.isMultiple(of: 3) ? hand : text).utf8)
                for _ in 0...random.below(3) where !bytes.isEmpty {
                    let place = random.below(bytes.count)
                    switch random.below(4) {
                    case 0: bytes.remove(at: place)
                    case 1: bytes.insert(alphabet[random.below(alphabet.count)], at: place)
                    case 2: bytes.removeLast(random.below(bytes.count))
                    default: bytes[place] = alphabet[random.below(alphabet.count)]
                    }
                }
            }
            // Bytes read as numbered messages are written as the same bytes: each publication has
            // only one text.
            if case .messages(let publication) = PublicationCodec.parse(bytes, room: room),
                PublicationCodec.encode(publication) != bytes
            {
                Issue.record("seed \(Seed.value): \(bytes)")
                return
            }
        }
    }
}
