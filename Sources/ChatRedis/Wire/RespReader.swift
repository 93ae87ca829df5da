import CHiredis
import ChatCore
import NIOCore

/// Reads what Redis says from bytes as they come: libhiredis' parser, and nothing else of it.
///
/// On: the connection's loop.
/// Cost: a copy of the bytes, and one allocation for each bulk and array.
/// Fails: on bytes that are not Redis's protocol; from then on always.
final class RespReader {
    /// Why there will be no more values.
    struct Garbled: Error, Equatable {
        let reason: String
    }

    private let parser: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let builder = RespBuilder()
    private let maxAnswerBytes: Int
    /// Fed since the last whole value.
    private var unfinishedBytes = 0
    /// The parser has nothing left of which it has not made what can be made.
    private var isExhausted = true

    init(maxAnswerBytes: Int = Limits.redisAnswerBytes) {
        self.maxAnswerBytes = maxAnswerBytes
        functions = .allocate(capacity: 1)
        functions.initialize(to: .building)
        guard let parser = redisReaderCreateWithFunctions(functions) else {
            preconditionFailure("no memory for a parser")
        }
        self.parser = parser
        parser.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
        // Otherwise its buffer is freed and made again whenever it is empty.
        parser.pointee.maxbuf = 0
    }

    deinit {
        redisReaderFree(parser)
        functions.deallocate()
    }

    /// The next whole value, taking bytes out of the buffer as long as one is missing; nil when
    /// there are no more of them.
    func next(from buffer: inout ByteBuffer) throws(Garbled) -> RespValue? {
        while true {
            if !isExhausted, let value = try parse() { return value }
            isExhausted = true
            guard buffer.readableBytes > 0 else { return nil }
            try feed(&buffer)
            isExhausted = false
        }
    }

    private func parse() throws(Garbled) -> RespValue? {
        guard redisReaderGetReply(parser, nil) == REDIS_OK else { throw failure }
        let value = builder.take()
        if value != nil { unfinishedBytes = 0 }
        return value
    }

    private func feed(_ buffer: inout ByteBuffer) throws(Garbled) {
        var isFed = false
        let count = min(buffer.readableBytes, Limits.redisFeedBytes)
        unfinishedBytes += count
        guard unfinishedBytes <= maxAnswerBytes else {
            throw Garbled(reason: "an answer is longer than \(maxAnswerBytes) bytes")
        }
        buffer.readWithUnsafeReadableBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            isFed = redisReaderFeed(parser, start, count) == REDIS_OK
            return count
        }
        guard isFed else { throw failure }
    }

    private var failure: Garbled {
        Garbled(reason: String(cString: chiredisReaderError(parser)))
    }
}

extension redisReplyObjectFunctions {
    /// Hands everything to the builder that stands behind the parser.
    ///
    /// The parser wants an object for each value and takes null for a lack of memory; it only
    /// passes them around, so that the builder stands for all of them, and nothing is ever freed.
    fileprivate static var building: redisReplyObjectFunctions {
        // Set by name: later versions of the library have more fields.
        var functions = redisReplyObjectFunctions()
        functions.createString = { task, start, count in
            RespBuilder.build(task) { builder, type in
                let bytes = UnsafeRawBufferPointer(start: start, count: count)
                let text = { String(decoding: bytes, as: UTF8.self) }
                switch type {
                case REDIS_REPLY_STATUS: builder.add(.status(text()))
                case REDIS_REPLY_ERROR: builder.add(.error(text()))
                default: builder.add(.bulk(Array(bytes)))
                }
            }
        }
        functions.createArray = { task, count in
            RespBuilder.build(task) { builder, _ in builder.beginArray(of: Int(count)) }
        }
        functions.createInteger = { task, number in
            RespBuilder.build(task) { builder, _ in builder.add(.integer(number)) }
        }
        functions.createNil = { task in
            RespBuilder.build(task) { builder, _ in builder.add(.null) }
        }
        functions.freeObject = { _ in }
        return functions
    }
}

extension RespBuilder {
    /// Finds the builder that a part of a value is for.
    fileprivate static func build(
        _ task: UnsafePointer<redisReadTask>?,
        _ add: (RespBuilder, CInt) -> Void
    ) -> UnsafeMutableRawPointer? {
        guard let task, let place = task.pointee.privdata else { return nil }
        add(Unmanaged<RespBuilder>.fromOpaque(place).takeUnretainedValue(), task.pointee.type)
        return place
    }
}
