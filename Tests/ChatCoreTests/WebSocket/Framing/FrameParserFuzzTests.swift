import ChatCore
import TestSupport
import Testing

/// Tests the parser against the model on random input, whole and in random pieces.
@Suite struct FrameParserFuzzTests {
    static let limit = 200

    @Test func `random bytes mean to the parser what they mean to the model`() throws {
        var random = Seed.generator
        for _ in 0..<50_000 {
            let bytes = (0..<random.below(24)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            try check(bytes, &random)
        }
    }

    @Test func `random frames mean to the parser what they mean to the model`() throws {
        var random = Seed.generator
        var told = 0
        for _ in 0..<15_000 {
            told += try check(Self.scenario(&random), &random).events.count
        }
        #expect(told > 15_000, "seed \(Seed.value)")
    }

    @Test func `mutated frames mean to the parser what they mean to the model`() throws {
        var random = Seed.generator
        for _ in 0..<15_000 {
            var bytes = Self.scenario(&random)
            for _ in 0...random.below(3) { Self.mutate(&bytes, &random) }
            try check(bytes, &random)
        }
    }

    @discardableResult
    private func check(_ bytes: [UInt8], _ random: inout SplitMix) throws -> FrameOutcome {
        let expected = FrameModel.outcome(bytes, limit: Self.limit)
        let whole = FrameOutcome(bytes, limit: Self.limit)
        let split = FrameOutcome(randomPieces(bytes, &random), limit: Self.limit)
        // The first case that differs ends the test: its seed and its bytes are enough.
        try #require(whole == expected, "seed \(Seed.value), bytes \(bytes)")
        try #require(split == expected, "seed \(Seed.value), bytes \(bytes)")
        return whole
    }

    /// Makes a few frames, mostly in a valid order and with valid text.
    private static func scenario(_ random: inout SplitMix) -> [UInt8] {
        var bytes: [UInt8] = []
        var isFragmented = false
        for _ in 0...random.below(4) {
            let mask = MaskingKey(UInt32(truncatingIfNeeded: random.next()))
            let kind = random.below(20)
            if kind < 12 {
                let isFinal = random.below(2) == 0
                bytes += clientFrame(
                    isFragmented ? .continuation : .text,
                    payload(&random),
                    isFinal: isFinal,
                    mask: mask
                )
                isFragmented = !isFinal
            } else if kind == 12 {
                bytes += clientFrame(.close, closePayload(&random), mask: mask)
            } else {
                bytes += clientFrame(
                    kind < 16 ? .ping : .pong,
                    Array(payload(&random).prefix(125)),
                    mask: mask
                )
            }
        }
        return bytes
    }

    private static func payload(_ random: inout SplitMix) -> [UInt8] {
        let units = ["a", "é", "€", "😀", "plain ASCII of some length"]
        // Rarely of a length that takes two bytes, so that the limit is reached too.
        let count = random.below(12) == 0 ? 20 : 4
        var bytes: [UInt8] = []
        for _ in 0..<random.below(count) { bytes += units[random.below(units.count)].utf8 }
        return bytes
    }

    private static func closePayload(_ random: inout SplitMix) -> [UInt8] {
        let codes: [UInt16] = [1000, 1001, 1003, 1011, 3000, 4999]
        let code = codes[random.below(codes.count)]
        let reason = payload(&random)
        return [UInt8(code >> 8), UInt8(code & 0xFF)] + (reason.count <= 123 ? reason : [])
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        guard !bytes.isEmpty else { return }
        let at = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes[at] ^= 1 << random.below(8)
        case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes.remove(at: at)
        default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        }
    }
}
