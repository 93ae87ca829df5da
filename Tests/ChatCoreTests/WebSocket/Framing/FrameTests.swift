import ChatCore
import Testing

@Suite struct FrameTests {
    @Test func `a short text has a header of two bytes`() {
        #expect(Frame.text("Hello") == [0x81, 0x05] + "Hello".utf8)
    }

    @Test func `a masked text is that of RFC 6455, section 5-7`() {
        let masked = Frame.text("Hello", mask: MaskingKey(0x3D21_FA37))
        #expect(
            masked == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        )
    }

    @Test(
        arguments: [
            (0, [0x81, 0]), (125, [0x81, 125]), (126, [0x81, 126, 0, 126]),
            (65_535, [0x81, 126, 0xFF, 0xFF]), (65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])]
    )
    func `a length takes its shortest form`(length: Int, header: [UInt8]) {
        var bytes: [UInt8] = []
        FrameHeader.append(.text, length: length, to: &bytes)
        #expect(bytes == header)
        #expect(FrameHeader.byteCount(length: length) == header.count)

        FrameHeader.append(.text, length: length, mask: MaskingKey(0x0403_0201), to: &bytes)
        #expect(bytes.suffix(4) == [1, 2, 3, 4])
        #expect(bytes.count - header.count == header.count + 4)
        #expect(FrameHeader.byteCount(length: length, masked: true) == header.count + 4)
    }

    @Test func `fragments, pings and pongs have their bits`() {
        var bytes: [UInt8] = []
        FrameHeader.append(.text, isFinal: false, length: 1, to: &bytes)
        FrameHeader.append(.continuation, length: 1, to: &bytes)
        #expect(bytes == [0x01, 1, 0x80, 1])
        #expect(Frame.ping() == [0x89, 0])
        let payload: [UInt8] = [1, 2]
        #expect(Frame.pong(payload.span.bytes) == [0x8A, 2, 1, 2])
    }

    @Test func `a close frame carries its code and reason`() {
        #expect(Frame.close(.normal) == [0x88, 2, 0x03, 0xE8])
        #expect(Frame.close(.flooding, "é") == [0x88, 4, 0x0F, 0xA8, 0xC3, 0xA9])
        #expect(Frame.close(nil) == [0x88, 0])
    }

    @Test(arguments: ["a", "é", "€", "😀"])
    func `a reason is cut to 123 bytes at a character`(unit: String) {
        let reason = "x" + String(repeating: unit, count: 130)
        let frame = Frame.close(.policyViolation, reason)
        let size = unit.utf8.count
        let kept = (123 - 1) / size
        #expect(frame[1] == UInt8(2 + 1 + kept * size))
        #expect(Array(frame[4...]) == Array(("x" + String(repeating: unit, count: kept)).utf8))
    }

    @Test func `a reason that fits is not cut`() {
        let reason = String(repeating: "a", count: 123)
        #expect(Frame.close(.normal, reason) == [0x88, 125, 0x03, 0xE8] + reason.utf8)
    }
}
