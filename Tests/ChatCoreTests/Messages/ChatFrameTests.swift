import Testing

@testable import ChatCore

@Suite struct ChatFrameTests {
    private func body(_ username: String, _ value: String?, room: String? = nil) -> String {
        let message = Array("before \(value ?? "") behind".utf8)
        let range = value.map { 7..<(7 + $0.utf8.count) }
        let body = ChatBody(username: username, value: range, in: message.span.bytes, room: room)
        return String(decoding: body.bytes, as: UTF8.self)
    }

    private func mid(_ n: UInt64) throws -> MessageID {
        MessageID(producer: try #require(ProducerID("ab12cd34")), n: n)
    }

    @Test func `a body is what the sender said under the name it holds`() {
        #expect(body("alice", "1.10") == #"{"type":"chat","username":"alice","value":1.10}"#)
    }

    @Test func `a chat without a value relays null`() {
        #expect(body("alice", nil) == #"{"type":"chat","username":"alice","value":null}"#)
    }

    @Test func `the room follows the value outside the lobby`() {
        let text = #"{"type":"chat","username":"alice","value":[ 1 ],"room":"tea"}"#
        #expect(body("alice", "[ 1 ]", room: "tea") == text)
        let null = #"{"type":"chat","username":"alice","value":null,"room":"tea"}"#
        #expect(body("alice", nil, room: "tea") == null)
    }

    @Test func `names are escaped, values are not touched`() {
        let text = #"{"type":"chat","username":"a\"\\","value":"\u0061\/","room":"\n"}"#
        #expect(body(#"a"\"#, #""\u0061\/""#, room: "\n") == text)
    }

    @Test(arguments: [nil, "tea", "a\"b"])
    func `a body is reserved at its exact size`(_ room: String?) {
        for length in [0, 1, 100, 5000] {
            let message = [UInt8](repeating: UInt8(ascii: "7"), count: length)
            let name = "al\nice"
            let body = ChatBody(
                username: name,
                value: 0..<length,
                in: message.span.bytes,
                room: room
            )
            // An array that has grown beyond its reserved size has doubled; the allocator itself
            // may round up by a few bytes, and not always by the same number.
            #expect(body.bytes.capacity < body.bytes.count + 64)
        }
    }

    @Test func `a frame is the body with seq, ts and mid after it`() throws {
        let body = Array(#"{"type":"chat","username":"a","value":{}}"#.utf8)
        var out = Array("<".utf8)
        let span = body.span.bytes
        let time: Int64 = 1_700_000_000_123
        ChatFrame.append(body: span, seq: 7, timestampMs: time, mid: try mid(3), to: &out)
        let text =
            #"<{"type":"chat","username":"a","value":{},"seq":7,"ts":1700000000123,"mid":"ab12cd34.3"}"#
        #expect(String(decoding: out, as: UTF8.self) == text)
        #expect(scan(Array(out.dropFirst())) == nil)
    }

    @Test(arguments: [0, 9, 10, 12_345, .max] as [UInt64])
    func `the length is known beforehand`(_ number: UInt64) throws {
        for time in [0, -1, 999, Int64.max, .min] {
            for length in [2, 50, 70_000] {
                let body = [UInt8](repeating: UInt8(ascii: "x"), count: length)
                let span = body.span.bytes
                let id = try mid(number)
                var out: [UInt8] = []
                ChatFrame.append(body: span, seq: number, timestampMs: time, mid: id, to: &out)
                let expected = ChatFrame.length(
                    body: span,
                    seq: number,
                    timestampMs: time,
                    mid: id
                )
                #expect(out.count == expected)
            }
        }
    }

    @Test func `an empty body does not crash`() throws {
        // A body may come from another process, so its bytes cannot be trusted.
        var out: [UInt8] = []
        ChatFrame.append(body: RawSpan(), seq: 1, timestampMs: 1, mid: try mid(1), to: &out)
        #expect(!out.isEmpty)
    }
}
