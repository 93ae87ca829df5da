import ChatCore
import TestSupport
import Testing

/// Tests that the split of bytes on arrival changes nothing.
@Suite struct FrameParserSplitTests {
    /// Inputs with all kinds of frames, each with a different end.
    static let conversations: [[UInt8]] = {
        let rich =
            clientFrame(.text, "whole") + clientFrame(.text) + clientFrame(.ping, "ping")
            + clientFrame(.text, "fragment é", isFinal: false) + clientFrame(.ping, "between")
            + clientFrame(.continuation, isFinal: false) + clientFrame(.pong)
            + clientFrame(.continuation, Array("😀".utf8.prefix(3)), isFinal: false)
            + clientFrame(.pong, "in a character")
            + clientFrame(.continuation, Array("😀".utf8.suffix(1)))
            + clientFrame(.text, String(repeating: "long ünïcödé ", count: 12))
        let endings = [
            [], [0x81], [0x81, 0xFE, 0x01], clientFrame(.close), clientFrame(.binary, "b"),
            clientFrame(.close, [0x0F, 0xA0] + "reason".utf8) + clientFrame(.ping),
            clientFrame(.text, [0x61, 0xE2, 0x82]), clientFrame(.close, [0x03, 0xEC]),
            clientFrame(.text, "half", isFinal: false), Frame.ping(),
            clientHeader(0x81, length: 70_000, lengthBytes: 8),
        ]
        return endings.map { rich + $0 }
    }()

    @Test(arguments: conversations)
    func `input split once anywhere, or at every byte, has the same outcome`(bytes: [UInt8]) {
        let whole = FrameOutcome(bytes)
        #expect(whole == FrameModel.outcome(bytes))
        #expect(whole.events.count >= 8)
        for split in bytes.indices {
            #expect(FrameOutcome([bytes[..<split], bytes[split...]]) == whole, "split at \(split)")
        }
        #expect(FrameOutcome(bytes.indices.map { bytes[$0...$0] }) == whole)
    }

    @Test(arguments: conversations)
    func `input split at random has the same outcome`(bytes: [UInt8]) {
        var random = Seed.generator
        let whole = FrameOutcome(bytes)
        for _ in 0..<200 {
            let pieces = randomPieces(bytes, &random)
            #expect(FrameOutcome(pieces) == whole, "seed \(Seed.value)")
        }
    }

    @Test func `a message longer than 65,535 bytes may be split in its header`() {
        let payload = [UInt8](repeating: 0x61, count: 65_536)
        let bytes = clientFrame(.text, payload)
        for split in 1...15 {
            let outcome = FrameOutcome([bytes[..<split], bytes[split...]], limit: 65_536)
            #expect(outcome == FrameOutcome(events: [.text(payload)]))
        }
    }
}

/// Splits the bytes into pieces of random sizes, most of them small, some empty.
func randomPieces(_ bytes: [UInt8], _ random: inout SplitMix) -> [ArraySlice<UInt8>] {
    let longest = 1 << random.below(7)
    var pieces: [ArraySlice<UInt8>] = []
    var offset = 0
    while offset < bytes.count {
        let end = min(bytes.count, offset + random.below(longest + 1))
        pieces.append(bytes[offset..<end])
        offset = end
    }
    return pieces
}
