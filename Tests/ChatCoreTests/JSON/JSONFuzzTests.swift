import Foundation
import TestSupport
import Testing

@testable import ChatCore

/// Tests with random texts that the scanner agrees with Foundation's and does not crash.
@Suite struct JSONFuzzTests {
    @Test func `random JSON is accepted, and by Foundation too`() {
        var random = Seed.generator
        var compared = 0
        for _ in 0..<2000 {
            let text = Array(JSONGenerator.value(depth: 0, &random).utf8)
            #expect(scan(text) == nil, "seed \(Seed.value): \(shown(text))")
            guard isComparable(text) else { continue }
            #expect(foundationAccepts(text), "seed \(Seed.value): \(shown(text))")
            compared += 1
        }
        #expect(compared > 300, "seed \(Seed.value)")
    }

    @Test func `mutated JSON is judged as Foundation judges it`() {
        var random = Seed.generator
        var verdicts = [true: 0, false: 0]
        for _ in 0..<6000 {
            var text = Array(JSONGenerator.value(depth: 0, &random).utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                JSONGenerator.mutate(&text, &random)
            }
            let accepted = scan(text) == nil
            guard isComparable(text) else { continue }
            #expect(
                accepted == foundationAccepts(text),
                "seed \(Seed.value): \(shown(text))"
            )
            verdicts[accepted, default: 0] += 1
        }
        // With few accepted texts the comparison would show little.
        #expect(verdicts[true, default: 0] > 300, "seed \(Seed.value)")
        #expect(verdicts[false, default: 0] > 1000, "seed \(Seed.value)")
    }

    @Test func `random messages keep their value and survive being cut and mutated`() {
        var random = Seed.generator
        for _ in 0..<150 {
            let value = JSONGenerator.value(depth: 1, &random)
            let text = #"{"type":"chat","value": \#(value) ,"username":"alice"}"#
            let trimmed = value.utf8.drop { JSONGenerator.isSpace($0) }.reversed()
                .drop { JSONGenerator.isSpace($0) }.reversed()
            #expect(
                parse(text).message?.value.map { Array($0.utf8) } == Array(trimmed),
                "seed \(Seed.value): \(text)"
            )
            var bytes = Array(text.utf8)
            for length in 0..<min(bytes.count, 200) {
                #expect(parse(Array(bytes[..<length])).error?.code == .badJSON)
            }
            JSONGenerator.mutate(&bytes, &random)
            // The result is a message or an error, and bad_json exactly if the text is not JSON.
            #expect(
                (parse(bytes).error?.code == .badJSON) == (scan(bytes) != nil),
                "seed \(Seed.value): \(shown(bytes))"
            )
        }
    }

    @Test func `random bytes are judged without a crash`() {
        var random = Seed.generator
        for _ in 0..<3000 {
            let count = Int.random(in: 0...60, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect((parse(bytes).error?.code == .badJSON) == (scan(bytes) != nil))
            // The same bytes inside a string, where any byte above 0x7F is accepted.
            let quoted = Array(#"{"type":"login","username":""#.utf8) + bytes + Array("\"}".utf8)
            #expect((parse(quoted).error?.code == .badJSON) == (scan(quoted) != nil))
        }
    }

    /// Whether JSONSerialization (swift-corelibs-foundation of Swift 6.3) can be compared with the
    /// scanner for this text. Texts are left out that have:
    ///
    /// - nesting beyond `Limits.jsonDepth`, which Foundation allows up to 512 levels;
    /// - half surrogate pairs, which it refuses because it converts strings;
    /// - bytes that are not UTF-8, for the same reason;
    /// - a byte order mark, or a zero byte among the first four, from which it infers UTF-16 or 32;
    /// - numbers with an exponent or many digits, which it may refuse because it converts them;
    /// - a comma before the end of an array or object, which it accepts.
    private func isComparable(_ text: [UInt8]) -> Bool {
        guard scan(text) != .tooDeep, String(validating: text, as: UTF8.self) != nil else {
            return false
        }
        if text.starts(with: [0xEF, 0xBB, 0xBF]) || text.prefix(4).contains(0) { return false }
        var digits = 0
        var last = UInt8(0)  // Whitespace aside.
        for (index, byte) in text.enumerated() where !JSONGenerator.isSpace(byte) {
            let lower = byte | 0x20
            if last == UInt8(ascii: ","), byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") {
                return false
            }
            if digits > 0, lower == UInt8(ascii: "e") { return false }
            if lower == UInt8(ascii: "u"), last == UInt8(ascii: "\\"), index + 1 < text.count,
                text[index + 1] | 0x20 == UInt8(ascii: "d")
            {
                return false
            }
            digits = byte &- UInt8(ascii: "0") < 10 ? digits + 1 : 0
            if digits > 15 { return false }
            last = byte
        }
        return true
    }

    private func foundationAccepts(_ text: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
    }

    private func shown(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).debugDescription
    }
}
