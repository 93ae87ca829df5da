import TestSupport
import Testing

/// The decoder by which other tests judge what a node or a client sends.
@Suite struct FrameDecoderTests {
    @Test(arguments: [0, 1, 125, 126, 65535, 65536])
    func `frames of any length are decoded, whatever pieces they come in`(length: Int) throws {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        for isMasked in [true, false] {
            let bytes = TestWebSocket.frame(1, payload, isMasked: isMasked) + [0x8A]
            var decoder = FrameDecoder(of: isMasked ? .client : .server)
            var frames: [FrameDecoder.Frame] = []
            let step = max(1, bytes.count / 5)
            for start in stride(from: 0, to: bytes.count, by: step) {
                decoder.append(bytes[start..<min(start + step, bytes.count)])
                while let frame = try decoder.next() { frames.append(frame) }
            }
            #expect(frames == [FrameDecoder.Frame(opcode: 1, payload: payload)])
            #expect(decoder.hasBytes)
        }
    }

    @Test(
        arguments: [
            ("a fragment", [0x01, 0x00]), ("a continuation", [0x80, 0x00]),
            ("a fragment of a ping", [0x09, 0x00]), ("the first reserved bit", [0xC1, 0x00]),
            ("the second reserved bit", [0xA1, 0x00]), ("the third reserved bit", [0x91, 0x00]),
            ("an unknown opcode", [0x83, 0x00]), ("an unknown control opcode", [0x8B, 0x00]),
            ("a mask", [0x81, 0x80, 1, 2, 3, 4]), ("a long ping", [0x89, 126, 0, 126]),
            ("a long close frame", [0x88, 126, 0, 126]),
            ("two bytes for 125", [0x81, 126, 0, 125]),
            ("eight bytes for 65,535", [0x81, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
            ("an absurd length", [0x81, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0]),
        ] as [(String, [UInt8])]
    )
    func `what a server must not send is refused`(what: String, bytes: [UInt8]) {
        #expect(throws: Unexpected.self, "\(what)") {
            try FrameDecoder.first(in: bytes[...], of: .server)
        }
    }

    @Test func `a frame without a mask from a client is refused`() {
        #expect(throws: Unexpected.self) {
            try FrameDecoder.first(in: [0x81, 0x00], of: .client)
        }
    }

    @Test func `the longest control frame is decoded`() throws {
        let payload = [UInt8](repeating: 7, count: 125)
        let bytes = TestWebSocket.frame(9, payload, isMasked: false)
        let frames = try FrameDecoder.all(in: bytes, of: .server)
        #expect(frames == [FrameDecoder.Frame(opcode: 9, payload: payload)])
    }

    @Test func `a close frame has a code and a reason`() throws {
        let bytes = TestWebSocket.frame(8, [0x03, 0xE9] + "bye".utf8, isMasked: false)
        let frames = try FrameDecoder.all(in: bytes, of: .server)
        #expect(frames.map(\.closeCode) == [1001])
        #expect(frames.map(\.closeReason) == ["bye"])
        #expect(throws: Unexpected.self) {
            try FrameDecoder.all(in: Array(bytes.dropLast()), of: .server)
        }
    }
}
