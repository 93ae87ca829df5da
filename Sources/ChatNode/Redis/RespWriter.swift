import CHiredis
import NIOCore

/// Writes commands as Redis reads them: libhiredis' formatter.
enum RespWriter {
    /// Appends one command.
    ///
    /// Cost: two copies of the bytes and two allocations, whatever the number of words.
    static func append(_ command: RedisCommand, to buffer: inout ByteBuffer) {
        precondition(!command.ends.isEmpty, "a command has a name")
        var places: [UnsafePointer<CChar>?] = []
        var lengths: [Int] = []
        places.reserveCapacity(command.ends.count)
        lengths.reserveCapacity(command.ends.count)
        command.bytes.withUnsafeBytes { bytes in
            var start = 0
            for end in command.ends {
                places.append(bytes.baseAddress.map { place($0 + start) })
                lengths.append(end - start)
                start = end
            }
            append(&places, lengths, to: &buffer)
        }
    }

    private static func place(_ pointer: UnsafeRawPointer) -> UnsafePointer<CChar> {
        pointer.assumingMemoryBound(to: CChar.self)
    }

    private static func append(
        _ places: inout [UnsafePointer<CChar>?],
        _ lengths: [Int],
        to buffer: inout ByteBuffer
    ) {
        var command: UnsafeMutablePointer<CChar>?
        let count = redisFormatCommandArgv(&command, CInt(places.count), &places, lengths)
        guard count >= 0, let command else { preconditionFailure("no memory for a command") }
        defer { redisFreeCommand(command) }
        buffer.writeBytes(UnsafeRawBufferPointer(start: command, count: Int(count)))
    }
}
