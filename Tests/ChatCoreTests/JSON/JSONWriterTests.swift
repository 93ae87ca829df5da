import TestSupport
import Testing

@testable import ChatCore

@Suite struct JSONWriterTests {
    private func written(_ string: String) -> String {
        var out = Array("<".utf8)
        JSONWriter.append(string, to: &out)
        #expect(out.count == 1 + JSONWriter.length(of: string))
        return String(decoding: out.dropFirst(), as: UTF8.self)
    }

    @Test(arguments: [
        ("", #""""#), ("alice", #""alice""#), ("a\"b", #""a\"b""#), (#"a\b"#, #""a\\b""#),
        ("a/b", #""a/b""#), ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#), ("\u{0}", #""\u0000""#),
        ("\u{1F}\u{B}\u{10}", #""\u001f\u000b\u0010""#), ("\u{7F}", "\"\u{7F}\""),
        ("\u{2028}\u{2029}", "\"\u{2028}\u{2029}\""), ("é😀", "\"é😀\""),
        ("<script>", #""<script>""#),
        ("twelve chars\"and more than\\that\n", #""twelve chars\"and more than\\that\n""#),
    ])
    func `strings are escaped if JSON demands it and only then`(_ text: String, _ token: String) {
        #expect(written(text) == token)
    }

    @Test func `what is written is read back`() throws {
        var random = Seed.generator
        for _ in 0..<2000 {
            let text = randomText(&random)
            let decoded = try #require(try JSONToken(Array(written(text).utf8)).decoded)
            #expect(decoded.utf8.elementsEqual(text.utf8), "seed \(Seed.value)")
        }
    }

    @Test(arguments: [
        0, 9, 10, 99, 100, 12_345, 999_999_999_999_999_999, UInt64(Int64.max), .max - 1, .max,
    ])
    func `unsigned numbers are written in digits`(_ number: UInt64) {
        var out = Array("<".utf8)
        JSONWriter.append(number, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "<\(number)")
        #expect(JSONWriter.length(of: number) == out.count - 1)
    }

    @Test(arguments: [0, -1, 1, -10, .min, .max, 1_700_000_000_123])
    func `signed numbers are written in digits`(_ number: Int64) {
        var out = Array("<".utf8)
        JSONWriter.append(number, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "<\(number)")
        #expect(JSONWriter.length(of: number) == out.count - 1)
    }

    @Test func `every power of ten and its neighbour are written in digits`() {
        var power: UInt64 = 1
        for _ in 0..<19 {
            power *= 10
            for number in [power - 1, power, power + 1] {
                var out: [UInt8] = []
                JSONWriter.append(number, to: &out)
                #expect(out == Array("\(number)".utf8))
                #expect(JSONWriter.length(of: number) == out.count)
            }
        }
    }

    @Test func `every number of up to five digits is written in digits`() {
        var out: [UInt8] = []
        for number: UInt64 in 0..<100_000 {
            out.removeAll(keepingCapacity: true)
            JSONWriter.append(number, to: &out)
            if out != Array("\(number)".utf8) || JSONWriter.length(of: number) != out.count {
                Issue.record("\(number)")
            }
        }
    }

    /// A body is written into memory whose size was counted before, another text at the end of an
    /// array.
    @Test func `a name stands in a body as it is written elsewhere`() {
        var random = Seed.generator
        let message = Array("[1,2]".utf8)
        for _ in 0..<2000 {
            let name = randomText(&random)
            let room = Bool.random(using: &random) ? randomText(&random) : nil
            var expected = Array(#"{"type":"chat","username":"#.utf8)
            JSONWriter.append(name, to: &expected)
            expected += Array(#","value":[1,2]"#.utf8)
            if let room {
                expected += Array(#","room":"#.utf8)
                JSONWriter.append(room, to: &expected)
            }
            expected += Array("}".utf8)
            let body = ChatBody(username: name, value: 0..<5, in: message.span.bytes, room: room)
            #expect(body.bytes == expected, "seed \(Seed.value)")
        }
    }

    private func randomText(_ random: inout SplitMix) -> String {
        var text = String.UnicodeScalarView()
        let ranges: [ClosedRange<UInt32>] = [
            0...0x1F, 0x20...0x7F, 0x22...0x22, 0x5C...0x5C, 0x80...0x10FFFF,
        ]
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            text.append(Unicode.Scalar(UInt32.random(in: range, using: &random)) ?? "x")
        }
        return String(text)
    }
}
