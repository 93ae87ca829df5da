import TestSupport
import Testing

@testable import ChatCore

/// What arrives on a room's channel, from nodes and from hands.
@Suite struct BusPayloadTests {
    private let room = RoomName.lobby
    private let head = "1700000000 5 2 1700000000123 zyxw9876.41\n"
    private let bodies = [#"{"type":"chat","username":"Ada","value":"\n"}"#, #"{"ü":1}"#]
    private var text: String {
        head + bodies.enumerated().map { "abcd0123.\($0 + 7) \($1.utf8.count)\n\($1)\n" }.joined()
    }

    private func parse(_ text: String, _ room: RoomName = .lobby) -> BusPayload {
        BusPayload.parse(Array(text.utf8), room: room)
    }

    private func isJunk(_ text: String) -> Bool {
        if case .junk = parse(text) { true } else { false }
    }

    // MARK: Numbered

    @Test func `numbered messages read back as they were written`() throws {
        let lineage = try #require(Lineage("abcd0123"))
        let before = try #require(MessageID("zyxw9876.41"))
        let publication = Publication(
            room: room,
            epoch: 1_700_000_000,
            firstSeq: 5,
            prev: before,
            ms: 1_700_000_000_123,
            items: bodies.enumerated().map {
                .init(mid: MessageID(lineage: lineage, n: UInt64($0 + 7)), body: Array($1.utf8))
            }
        )
        #expect(parse(text) == .messages(publication))
        #expect(BusPayload.encode(publication) == Array(text.utf8))
    }

    @Test func `a first line that is anything else is junk`() {
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
            #expect(isJunk(head + tail), "\(head)")
        }
        #expect(!isJunk("0 1 2 0 \(prev)\n" + tail))
        #expect(!isJunk("8589934591 5 2 9007199254740991 \(prev)\n" + tail))
        #expect(!isJunk("1 9007199254740989 2 1 zyxw9876.9007199254740991\n" + tail))
    }

    @Test func `a message that is anything else is junk`() {
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
            #expect(isJunk(head + message), "\(message)")
        }
        #expect(!isJunk(head + "abcd0123.9007199254740991 7\n{\"a\":1}\n"))
    }

    // MARK: By hand

    @Test func `a chat by hand keeps its name and its value, and nothing else`() throws {
        let hand = #" "type":"chat" , "x":[1], "value": {"a" : 1e999 },"username":"\u006fps","n":1"#
        let body = #"{"type":"chat","username":"\u006fps","value":{"a" : 1e999 }"#
        #expect(parse("{\(hand)}") == .byHand(body: Array("\(body)}".utf8)))
        let room = try RoomName("r.1")
        #expect(
            parse("{\(hand)}\n", room) == .byHand(body: Array(#"\#(body),"room":"r.1"}"#.utf8))
        )
        #expect(
            parse(#"{"type":"chat","username":""}"#)
                == .byHand(body: Array(#"{"type":"chat","username":"","value":null}"#.utf8))
        )
    }

    @Test func `an object that is no chat is junk`() {
        for text in [
            "{", "{}", #"{"type":"chat"}"#, #"{"type":"login","username":"a"}"#,
            #"{"type":"chat","username":1}"#, #"{"type":"chat","username":"a"} x"#,
            #"{"type":"chat","username":"a","username":"b"}"#, #"{"type":"chat","username":"a",}"#,
        ] {
            #expect(isJunk(text), "\(text)")
        }
        let bytes = Array(#"{"type":"chat","username":"a","value":""#.utf8) + [0xFF]
        #expect(
            BusPayload.parse(bytes + Array("\"}".utf8), room: room) == .junk(reason: "not UTF-8")
        )
    }

    @Test func `a chat by hand has a bound`() {
        let start = #"{"type":"chat","username":"a","value":""#
        let fill = Limits.byHandBytes - start.utf8.count - 2
        #expect(!isJunk(start + String(repeating: "x", count: fill) + #""}"#))
        #expect(
            parse(start + String(repeating: "x", count: fill + 1) + #""}"#)
                == .junk(reason: "too long")
        )
    }

    // MARK: Anything

    @Test func `kinds of newer nodes are told apart from junk`() {
        for text in ["P ", "P 1 x", "T ", "T ada"] { #expect(parse(text) == .other, "\(text)") }
        for text in ["", "P", "T", "Px", "p ", " ", "[]", "\"x\"", "hello", "-1"] {
            #expect(isJunk(text), "\(text)")
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
            // What is taken for numbered messages is written as it was read: one text, one meaning.
            if case .messages(let publication) = BusPayload.parse(bytes, room: room),
                BusPayload.encode(publication) != bytes
            {
                Issue.record("seed \(Seed.value): \(bytes)")
                return
            }
        }
    }
}
