import ChatCore
import Testing

/// Tests what a client may send.
@Suite struct FrameParserTests {
    @Test(arguments: [0, 1, 125, 126, 127, 1000])
    func `a whole message is told`(length: Int) {
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        #expect(FrameOutcome(clientFrame(.text, payload)) == FrameOutcome(events: [.text(payload)]))
    }

    @Test func `a message longer than 65,535 bytes is told`() {
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
        let outcome = FrameOutcome(clientFrame(.text, payload), limit: 65_536)
        #expect(outcome == FrameOutcome(events: [.text(payload)]))
    }

    @Test func `fragments are joined, and control frames between them are told at once`() {
        let bytes =
            clientFrame(.text, "one ", isFinal: false) + clientFrame(.ping, "p")
            + clientFrame(.continuation, "two ", isFinal: false) + clientFrame(.pong)
            + clientFrame(.continuation, "three") + clientFrame(.text, "next")
        let expected: [FrameEvent] = [
            .ping([0x70]), .pong([]), .text(Array("one two three".utf8)), .text(Array("next".utf8)),
        ]
        #expect(FrameOutcome(bytes) == FrameOutcome(events: expected))
    }

    @Test func `empty fragments are legal`() {
        let bytes =
            clientFrame(.text, isFinal: false) + clientFrame(.continuation, isFinal: false)
            + clientFrame(.continuation, "a", isFinal: false) + clientFrame(.continuation)
            + clientFrame(.text, isFinal: false) + clientFrame(.continuation)
        #expect(FrameOutcome(bytes) == FrameOutcome(events: [.text([0x61]), .text([])]))
    }

    @Test func `a character may be split between fragments`() {
        let bytes =
            clientFrame(.text, [0xF0], isFinal: false)
            + clientFrame(.continuation, [0x9F, 0x98], isFinal: false)
            + clientFrame(.continuation, [0x80])
        #expect(FrameOutcome(bytes) == FrameOutcome(events: [.text(Array("😀".utf8))]))
    }

    @Test func `a close frame is told with its code and reason, and nothing after it is`() {
        let bytes = clientFrame(.close, [0x03, 0xE8] + "bye".utf8) + clientFrame(.text, "more")
        #expect(FrameOutcome(bytes) == FrameOutcome(events: [.close(1000, Array("bye".utf8))]))
        #expect(
            FrameOutcome([bytes[..<11], bytes[11...], clientFrame(.ping)[...]])
                == FrameOutcome(events: [.close(1000, Array("bye".utf8))])
        )
    }

    @Test func `an empty close frame has no code`() {
        #expect(FrameOutcome(clientFrame(.close)) == FrameOutcome(events: [.close(nil, [])]))
    }

    @Test func `a close frame inside a fragmented message ends it`() {
        let bytes = clientFrame(.text, "a", isFinal: false) + clientFrame(.close)
        #expect(FrameOutcome(bytes) == FrameOutcome(events: [.close(nil, [])]))
    }

    @Test func `a sink that has returned false is called no more`() {
        let bytes = clientFrame(.text, "1") + clientFrame(.ping) + clientFrame(.text, "2")
        let pieces = [bytes[...], clientFrame(.text, "3")[...]]
        let first = FrameEvent.text([0x31])
        #expect(FrameOutcome(pieces, wanted: 1) == FrameOutcome(events: [first]))
        #expect(FrameOutcome(pieces, wanted: 2) == FrameOutcome(events: [first, .ping([])]))
    }

    @Test func `a client reads unmasked frames`() {
        let bytes = Frame.text("hello") + Frame.ping() + Frame.close(.goingAway)
        #expect(
            FrameOutcome(bytes, role: .client)
                == FrameOutcome(events: [.text(Array("hello".utf8)), .ping([]), .close(1001, [])])
        )
    }

    @Test func `the parser is mid-message from a message's first byte to its last`() {
        let bytes =
            clientFrame(.text, "ab", isFinal: false) + clientFrame(.ping, "p")
            + clientFrame(.continuation, String(repeating: "c", count: 200))
        for end in 1..<bytes.count {
            #expect(FrameOutcome([bytes[..<end]]).isMidMessage, "after \(end) bytes")
        }
        #expect(!FrameOutcome([bytes[...]]).isMidMessage)
        #expect(!FrameOutcome([]).isMidMessage)
    }

    @Test func `a dribbled control frame is mid-message`() {
        let bytes = clientFrame(.ping, "p")
        for end in 1..<bytes.count {
            #expect(FrameOutcome([bytes[..<end]]).isMidMessage, "after \(end) bytes")
        }
    }

    @Test func `a whole message is handed out in place, without a copy`() throws {
        final class Sink: FrameSink {
            var address: UnsafeRawPointer?
            func text(_ payload: RawSpan) -> Bool {
                address = payload.withUnsafeBytes { $0.baseAddress }
                return true
            }
            func ping(_ payload: RawSpan) -> Bool { true }
            func pong(_ payload: RawSpan) -> Bool { true }
            func close(_ code: CloseCode?, _ reason: RawSpan) {}
        }
        let sink = Sink()
        var parser = FrameParser(.server)
        var bytes = clientFrame(.text, "hello")
        let address = bytes.withUnsafeBytes { $0.baseAddress }
        try parser.feed(&bytes, to: sink)
        #expect(sink.address == address.map { $0 + 6 })
    }

    @Test func `the parser stays small`() {
        #expect(MemoryLayout<FrameParser>.size <= 64)
    }
}
