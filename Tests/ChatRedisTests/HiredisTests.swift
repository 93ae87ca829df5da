import CHiredis
import Testing

/// The parser and the formatter are what this project takes from libhiredis.
@Suite struct HiredisTests {
    @Test func `the installed libhiredis parses a reply`() throws {
        let reader = try #require(redisReaderCreate())
        defer { redisReaderFree(reader) }
        let bytes = Array("$4\r\nping\r\n".utf8CString.dropLast())
        #expect(redisReaderFeed(reader, bytes, bytes.count) == REDIS_OK)
        var raw: UnsafeMutableRawPointer?
        #expect(redisReaderGetReply(reader, &raw) == REDIS_OK)
        let reply = try #require(raw).assumingMemoryBound(to: redisReply.self)
        defer { freeReplyObject(reply) }
        #expect(reply.pointee.type == REDIS_REPLY_STRING)
        #expect(String(cString: reply.pointee.str) == "ping")
    }
}
