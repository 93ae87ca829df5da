import NIOCore
import TestSupport
import Testing

@testable import ChatRedis

/// What the parser makes of Redis's bytes, however they are cut, and of bytes that are not its.
@Suite struct RespReaderTests {
    /// All values of a stream that comes in such pieces.
    private func values(
        _ pieces: [ArraySlice<UInt8>],
        maxAnswerBytes: Int = 1 << 20
    ) throws(RespReader.Garbled) -> [RespValue] {
        let reader = RespReader(maxAnswerBytes: maxAnswerBytes)
        var values: [RespValue] = []
        for piece in pieces {
            var buffer = ByteBuffer(bytes: piece)
            while let value = try reader.next(from: &buffer) { values.append(value) }
            #expect(buffer.readableBytes == 0)
        }
        return values
    }

    private func values(_ text: String) throws(RespReader.Garbled) -> [RespValue] {
        try values([Array(text.utf8)[...]])
    }

    // MARK: Values

    @Test(arguments: [
        ("+OK\r\n", RespValue.status("OK")), ("+\r\n", .status("")),
        ("-ERR no\r\n", .error("ERR no")), (":0\r\n", .integer(0)),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$-1\r\n", .null), ("*-1\r\n", .null), ("$0\r\n\r\n", .bulk([])),
        ("$4\r\n\r\n\r\n\r\n", .bulk([13, 10, 13, 10])), ("*0\r\n", .array([])),
        ("*2\r\n*0\r\n*1\r\n$-1\r\n", .array([.array([]), .array([.null])])),
        (
            "*3\r\n:1\r\n*2\r\n+a\r\n-b\r\n$1\r\nc\r\n",
            .array([.integer(1), .array([.status("a"), .error("b")]), .bulk([0x63])])
        ),
    ])
    func `a value is read`(text: String, value: RespValue) throws {
        #expect(try values(text) == [value])
        #expect(try values(text + text + text) == [value, value, value])
        #expect(try values(String(text.dropLast())) == [])
    }

    @Test func `a bulk may have any bytes`() throws {
        let bytes = (0...255).map { UInt8($0) }
        let stream = Array("$256\r\n".utf8) + bytes + [13, 10]
        #expect(try values([stream[...]]) == [.bulk(bytes)])
        let status = Array("+".utf8) + [0xFF, 0x41] + [13, 10]
        #expect(try values([status[...]]) == [.status("\u{FFFD}A")])
    }

    @Test func `arrays nest seven deep, and no deeper`() throws {
        var value = RespValue.integer(1)
        for _ in 0..<7 { value = .array([value]) }
        #expect(try values(String(repeating: "*1\r\n", count: 7) + ":1\r\n") == [value])
        #expect(throws: RespReader.Garbled.self) {
            try values(String(repeating: "*1\r\n", count: 9) + ":1\r\n")
        }
    }

    // MARK: Pieces

    /// Something of everything.
    private static let stream = Array(
        ("+OK\r\n:42\r\n$-1\r\n*3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n$5\r\na\r\nb!\r\n"
            + "*2\r\n*1\r\n:1\r\n*2\r\n-ERR x\r\n*0\r\n$0\r\n\r\n").utf8
    )
    private static let meaning: [RespValue] = [
        .status("OK"), .integer(42), .null,
        .array([
            .bulk(Array("message".utf8)), .bulk(Array("chat".utf8)), .bulk(Array("a\r\nb!".utf8)),
        ]),
        .array([.array([.integer(1)]), .array([.error("ERR x"), .array([])])]), .bulk([]),
    ]

    @Test func `a stream means the same wherever it is cut in three`() throws {
        let stream = Self.stream
        for first in 0...stream.count {
            for second in first...stream.count {
                let pieces = [stream[..<first], stream[first..<second], stream[second...]]
                let read = try values(pieces)
                #expect(read == Self.meaning)
            }
        }
    }

    @Test func `a stream that comes a byte at a time means the same`() throws {
        let stream = Self.stream
        #expect(try values(stream.indices.map { stream[$0...$0] }) == Self.meaning)
    }

    @Test func `a bulk of several feeds comes whole, and what follows too`() throws {
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        let stream = Array("$1000000\r\n".utf8) + bytes + Array("\r\n:7\r\n".utf8)
        #expect(try values([stream[...]]) == [.bulk(bytes), .integer(7)])
        let pieces = stride(from: 0, to: stream.count, by: 997).map {
            stream[$0..<min($0 + 997, stream.count)]
        }
        #expect(try values(pieces) == [.bulk(bytes), .integer(7)])
    }

    @Test func `many values of one read all come`() throws {
        let text = (0..<20_000).map { ":\($0)\r\n" }.joined()
        #expect(try values(text) == (0..<20_000).map { .integer($0) })
    }

    // MARK: What is not Redis's

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\r\n", "\0",
        "%1\r\n+a\r\n+b\r\n", "_\r\n", ",1.5\r\n", "#t\r\n", ">1\r\n+a\r\n", ":1.5\r\n", ":\r\n",
        ":x\r\n",
        ":9223372036854775808\r\n", "$-2\r\n", "$x\r\n", "$9223372036854775808\r\n", "*x\r\n",
        "*-2\r\n", "*2147483648\r\n", "*1\r\nx", "*2\r\n:1\r\n!",
    ])
    func `garbage is an error, and stays one`(text: String) throws {
        let reader = RespReader()
        var buffer = ByteBuffer(string: text)
        #expect(throws: RespReader.Garbled.self) {
            while try reader.next(from: &buffer) != nil {}
        }
        var good = ByteBuffer(string: "+OK\r\n")
        #expect(throws: RespReader.Garbled.self) { try reader.next(from: &good) }
    }

    @Test(arguments: [
        "$9223372036854775807\r\n", "$1000000000\r\n", "*2147483647\r\n",
        "*2147483647\r\n*2147483647\r\n*2147483647\r\n*2147483647\r\n*2147483647\r\n", "+", ":",
    ])
    func `what claims to be huge takes no memory, and is given up at the limit`(text: String)
        throws
    {
        #expect(try values([Array(text.utf8)[...]]) == [])
        let filler = [UInt8](repeating: 0x30, count: 100_000)
        #expect(throws: RespReader.Garbled.self) {
            try values([Array(text.utf8)[...], filler[...]], maxAnswerBytes: 50_000)
        }
    }

    @Test func `the limit is for one answer, not for all of them`() throws {
        let text = String(repeating: "$10\r\n0123456789\r\n", count: 10_000)
        let bytes = Array(text.utf8)[...]
        #expect(try values([bytes], maxAnswerBytes: 20_000).count == 10_000)
    }

    @Test func `random bytes do no harm`() {
        var random = SplitMix(seed: Seed.value)
        // The bytes that mean something, and some that do not.
        let alphabet = Array("+-:$*0123456789\r\n\r\nax%_".utf8) + [0, 0xFF]
        for _ in 0..<20_000 {
            let count = random.below(64)
            let bytes = (0..<count).map { _ in alphabet[random.below(alphabet.count)] }
            let cut = random.below(count + 1)
            _ = try? values([bytes[..<cut], bytes[cut...]], maxAnswerBytes: 1000)
        }
    }

    @Test func `a right stream with a wrong byte does no harm`() throws {
        var random = SplitMix(seed: Seed.value)
        for _ in 0..<20_000 {
            var bytes = Self.stream
            bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            let cut = random.below(bytes.count + 1)
            _ = try? values([bytes[..<cut], bytes[cut...]])
        }
    }

    @Test func `random values are read as they were written`() throws {
        var random = SplitMix(seed: Seed.value)
        for round in 0..<500 {
            let written = (0..<random.below(20)).map { _ in RespValue.random(&random, depth: 0) }
            let bytes = written.flatMap(\.encoded)
            var pieces: [ArraySlice<UInt8>] = []
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + 1 + random.below(300))
                pieces.append(bytes[start..<end])
                start = end
            }
            #expect(try values(pieces) == written, "round \(round), seed \(Seed.value)")
        }
    }
}

extension RespValue {
    fileprivate static func random(_ random: inout SplitMix, depth: Int) -> RespValue {
        switch random.below(depth < 6 ? 6 : 5) {
        case 0: .integer(Int64(truncatingIfNeeded: random.next()))
        case 1: .null
        case 2: .status("OK \(random.below(1000))")
        case 3: .error("ERR \(random.below(1000))")
        case 4:
            .bulk((0..<random.below(200)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        default: .array((0..<random.below(5)).map { _ in .random(&random, depth: depth + 1) })
        }
    }

    /// As Redis would say it.
    fileprivate var encoded: [UInt8] {
        switch self {
        case .bulk(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + [13, 10]
        case .status(let text): Array("+\(text)\r\n".utf8)
        case .error(let text): Array("-\(text)\r\n".utf8)
        case .integer(let number): Array(":\(number)\r\n".utf8)
        case .null: Array("$-1\r\n".utf8)
        case .array(let elements):
            Array("*\(elements.count)\r\n".utf8) + elements.flatMap(\.encoded)
        }
    }
}
