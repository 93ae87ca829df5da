import NIOCore
import Testing

@testable import ChatNode

@Suite struct RespWriterTests {
    private func written(_ commands: [[UInt8]]...) -> String {
        var buffer = ByteBuffer()
        for words in commands { RespWriter.append(RedisCommand(words), to: &buffer) }
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

    @Test func `long arguments, and many, are written whole`() throws {
        let long = [UInt8](repeating: 0x78, count: 1 << 20)
        let many = [long] + (0..<5000).map { Array("\($0)".utf8) }
        var buffer = ByteBuffer()
        RespWriter.append(RedisCommand(many), to: &buffer)
        let value = try RespReader().next(from: &buffer)
        #expect(value == .array(many.map { .bulk($0) }))
    }
}
