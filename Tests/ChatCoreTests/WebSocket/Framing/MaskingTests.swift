import ChatCore
import Testing

@Suite struct MaskingTests {
    static let key: [UInt8] = [0x12, 0x34, 0x56, 0x78]

    /// Masks bytes one at a time, as RFC 6455, section 5.3, describes it.
    private func naive(_ bytes: [UInt8]) -> [UInt8] {
        bytes.enumerated().map { $1 ^ Self.key[$0 % 4] }
    }

    @Test func `payloads of all lengths at all alignments are masked as one byte at a time`() {
        for start in 0..<9 {
            for length in 0..<67 {
                let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
                var bytes = [UInt8](repeating: 0xEE, count: start) + payload + [0xEE, 0xEE]
                var key = MaskingKey(0x7856_3412)
                mask(&bytes, start..<start + length, &key)
                let border = [UInt8](repeating: 0xEE, count: start)
                #expect(bytes == border + naive(payload) + [0xEE, 0xEE])
            }
        }
    }

    @Test func `a payload masked in parts is masked as a whole`() {
        let payload = (0..<40).map { UInt8($0 * 5) }
        for first in 0...40 {
            for second in first...40 {
                var bytes = payload
                var key = MaskingKey(0x7856_3412)
                mask(&bytes, 0..<first, &key)
                mask(&bytes, first..<second, &key)
                mask(&bytes, second..<40, &key)
                #expect(bytes == naive(payload), "split at \(first) and \(second)")
            }
        }
    }

    private func mask(_ bytes: inout [UInt8], _ range: Range<Int>, _ key: inout MaskingKey) {
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        key.apply(to: &raw, in: range)
    }
}
