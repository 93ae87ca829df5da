import CHiredis
import Foundation
import NIOCore
import TestSupport

@testable import ChatRedis

/// A connection that waits for each answer.
final class RedisClient {
    private let context: UnsafeMutablePointer<redisContext>

    init(_ redis: TestRedis) throws {
        guard let context = redisConnect("127.0.0.1", Int32(redis.port)) else {
            throw Unexpected("no memory")
        }
        self.context = context
        guard context.pointee.err == 0 else {
            throw Unexpected("no Redis on port \(redis.port): error \(context.pointee.err)")
        }
        // Only decides how soon a failure is told.
        redisSetTimeout(context, timeval(tv_sec: Int(TestSocket.patience), tv_usec: 0))
    }

    deinit { redisFree(context) }

    func run(_ words: String...) throws -> RespValue {
        try run(RedisCommand(words.map { Array($0.utf8) }))
    }

    func run(_ command: RedisCommand) throws -> RespValue {
        var buffer = ByteBuffer()
        command.append(to: &buffer)
        buffer.withUnsafeReadableBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            _ = redisAppendFormattedCommand(context, start, bytes.count)
        }
        return try next()
    }

    /// The next thing that Redis says.
    func next() throws -> RespValue {
        var raw: UnsafeMutableRawPointer?
        guard redisGetReply(context, &raw) == REDIS_OK, let raw else {
            throw Unexpected("Redis did not answer: error \(context.pointee.err)")
        }
        defer { freeReplyObject(raw) }
        return Self.value(raw.assumingMemoryBound(to: redisReply.self))
    }

    private static func value(_ reply: UnsafeMutablePointer<redisReply>) -> RespValue {
        let bytes = UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len))
        switch reply.pointee.type {
        case REDIS_REPLY_STRING: return .bulk(Array(bytes))
        case REDIS_REPLY_STATUS: return .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: return .error(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
        case REDIS_REPLY_ARRAY:
            return .array(
                (0..<Int(reply.pointee.elements)).compactMap { index in
                    reply.pointee.element[index].map(value)
                }
            )
        default: return .null
        }
    }
}
