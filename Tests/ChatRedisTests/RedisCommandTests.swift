import ChatCore
import NIOCore
import TestSupport
import Testing

@testable import ChatRedis

@Suite struct RedisCommandTests {
    private func written(_ commands: [[UInt8]]...) -> String {
        var buffer = ByteBuffer()
        for words in commands { RedisCommand(words).append(to: &buffer) }
        return String(buffer: buffer)
    }

    @Test func `a command is an array of bulks`() {
        #expect(written([Array("PING".utf8)]) == "*1\r\n$4\r\nPING\r\n")
        #expect(
            written([Array("SET".utf8), [0, 13, 10, 32], []])
                == "*3\r\n$3\r\nSET\r\n$4\r\n\0\r\n \r\n$0\r\n\r\n"
        )
        #expect(written([[]]) == "*1\r\n$0\r\n\r\n")
    }

    @Test func `commands follow each other`() {
        #expect(written([[0x41]], [[0x42]]) == "*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n")
    }

    @Test func `a word of every kind is as long as it says`() throws {
        var random = SplitMix(seed: Seed.value)
        let incarnation = Incarnation(using: &random)
        let login = LoginID(using: &random)
        let producer = ProducerID(using: &random)
        let mid = MessageID(producer: producer, n: 12)
        let numbers: [UInt64] = [0, 9, 10, 99, 100, 12345, 9_999_999_999, .max - 1, .max]
        var command = RedisCommand(.claim, keys: 2)
        command.add("chat/name/", "é")
        command.add("chat/held/", incarnation)
        command.add(Epoch(number: 7, dataSet: "set"))
        command.add(incarnation)
        command.add(login)
        command.add(producer)
        command.add(mid)
        command.add(nil as MessageID?)
        for number in numbers { command.add(number) }
        var buffer = ByteBuffer()
        command.append(to: &buffer)
        let words = try #require(RespReader().next(from: &buffer)?.elements).compactMap(\.text)
        let expected = [
            "EVALSHA", String(decoding: Script.claim.digest, as: UTF8.self), "2", "chat/name/é",
            "chat/held/\(incarnation)", "7", "set", "\(incarnation)", "\(login)", "\(producer)",
            "\(producer).12", "",
        ]
        #expect(words == expected + numbers.map { "\($0)" })
    }

    @Test func `long arguments, and many, are written whole`() throws {
        let long = [UInt8](repeating: 0x78, count: 1 << 20)
        let many = [long] + (0..<5000).map { Array("\($0)".utf8) }
        var buffer = ByteBuffer()
        RedisCommand(many).append(to: &buffer)
        let value = try RespReader().next(from: &buffer)
        #expect(value == .array(many.map { .bulk($0) }))
    }
}
