import Testing

@testable import ChatCore

@Suite struct JSONScannerTests {
    @Test(arguments: JSONCases.accepted)
    func `JSON is accepted`(_ text: String) {
        #expect(scan(text) == nil)
    }

    @Test(arguments: JSONCases.rejected)
    func `what is not JSON is refused`(_ text: String) {
        #expect(scan(text) == .malformed)
    }

    @Test func `a byte order mark is refused`() {
        #expect(scan([0xEF, 0xBB, 0xBF] + Array("{}".utf8)) == .malformed)
        #expect(scan([0xFE, 0xFF, 0x00, 0x7B, 0x00, 0x7D]) == .malformed)
        #expect(scan([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00]) == .malformed)
    }

    @Test func `a zero byte is refused everywhere`() {
        let text = Array(#"{"a":[1,"b",true]}"#.utf8)
        for index in 0...text.count {
            var bytes = text
            bytes.insert(0, at: index)
            #expect(scan(bytes) == .malformed, "at \(index)")
        }
    }

    @Test func `any byte above 0x7F is taken inside a string and nowhere else`() {
        for byte in UInt8(0x80)...0xFF {
            #expect(scan(Array("\"a".utf8) + [byte] + Array("\"".utf8)) == nil)
            #expect(scan([byte]) == .malformed)
            #expect(scan(Array("[1".utf8) + [byte] + Array("]".utf8)) == .malformed)
        }
    }

    @Test func `each control character is refused in a string at each distance from its start`() {
        for byte in UInt8(0)..<0x20 {
            for distance in 0...17 {
                let before = [UInt8](repeating: UInt8(ascii: "x"), count: distance)
                let text = Array("\"".utf8) + before + [byte] + Array("yyyyyyyyy\"".utf8)
                #expect(scan(text) == .malformed, "\(byte) at \(distance)")
            }
        }
    }

    @Test func `each letter after a backslash is either an escape or refused`() {
        for byte in UInt8.min...UInt8.max {
            let text = Array("\"\\".utf8) + [byte] + Array("0061\"".utf8)
            let isEscape = Array("\"\\/bfnrtu".utf8).contains(byte)
            #expect((scan(text) == nil) == isEscape, "\(byte)")
        }
    }

    @Test func `the end of plain text is found at each distance and alignment`() {
        for stop in [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x00, 0x1F] {
            for distance in 0..<20 {
                for start in 0...distance {
                    // Bytes next to the four in value, and bytes with the top bit set.
                    let fill: [UInt8] = [
                        0x21, 0x23, 0x5B, 0x5D, 0x20, 0x7F, 0x80, 0xA2, 0xDC, 0xFF,
                    ]
                    var bytes = (0..<distance).map { fill[$0 % fill.count] }
                    bytes.append(stop)
                    bytes.append(contentsOf: [0x01, 0x22, 0x5C, 0x41, 0x42, 0x43, 0x44, 0x45])
                    #expect(end(bytes, from: start) == distance)
                    bytes.removeLast(bytes.count - distance)
                    #expect(end(bytes, from: start) == distance)
                }
            }
        }
    }

    @Test func `nesting up to the limit is accepted, of arrays, objects and both`() {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]"), (#"{"a":["#, "]}")]
        {
            let levels = open.count { $0 == "[" || $0 == "{" }
            let times = Limits.jsonDepth / levels
            let nested = nest(times, open, "1", close)
            #expect(scan(nested) == nil)
            #expect(scan("[" + nested + "]") == .tooDeep)
            #expect(scan(nest(times, open, "[]", close)) == .tooDeep)
            #expect(scan(nest(times, open, "{}", close)) == .tooDeep)
        }
    }

    @Test func `the limit is on the depth of arrays and objects and not on their number`() {
        let wide = (0..<1000).map { _ in #"[{"a":[]},{}]"# }.joined(separator: ",")
        #expect(scan("[" + wide + "]") == nil)
    }

    @Test(arguments: ["[", #"{"a":"#, #"[{"a":"#])
    func `nesting a hundred thousand deep is refused at the limit`(_ open: String) {
        #expect(scan(String(repeating: open, count: 100_000)) == .tooDeep)
    }

    @Test func `brackets must close what was opened, at each depth`() {
        for depth in 1...Limits.jsonDepth {
            let inner = String(repeating: "[", count: depth - 1)
            let outer = String(repeating: "]", count: depth - 1)
            #expect(scan(inner + "[1]" + outer) == nil)
            #expect(scan(inner + "[1}" + outer) == .malformed)
            #expect(scan(inner + #"{"a":1]"# + outer) == .malformed)
        }
    }

    @Test func `a value ends with its last byte`() throws {
        for text in ["1", "-1.5e+3", "true", #""a\"b""#, "[1, 2]", #"{"a": {}}"#, "{}", "[]"] {
            let bytes = Array((text + " ,1").utf8)
            var scanner = JSONScanner()
            let range = try scanner.value(bytes.span.bytes)
            #expect(range == 0..<text.utf8.count)
        }
    }

    @Test func `every text cut short is refused, at each byte`() {
        let texts = [
            #"{"type":"chat","username":"Zo\u00eb","value":{"a":[1,-2.5e3,true,null,"x\\"]}}"#,
            #"[[],{},{"a":[{"b":""}]},"\ud83d\ude00",false]"#, #""text""#, "true", "false", "null",
        ]
        for text in texts {
            let bytes = Array(text.utf8)
            #expect(scan(bytes) == nil)
            for length in 0..<bytes.count {
                #expect(scan(Array(bytes[..<length])) == .malformed, "\(text) cut at \(length)")
            }
        }
    }

    private func end(_ bytes: [UInt8], from start: Int) -> Int {
        bytes.span.bytes.plainTextEnd(from: start)
    }

    private func nest(_ times: Int, _ open: String, _ inner: String, _ close: String) -> String {
        String(repeating: open, count: times) + inner + String(repeating: close, count: times)
    }
}
