import CHiredis
import NIOCore

/// Writes commands as Redis reads them: libhiredis' formatter.
enum RespWriter {
    /// Appends one command, its name first.
    ///
    /// Cost: three copies of the bytes and one allocation for the library, whatever the number of
    /// arguments.
    static func append(_ arguments: [[UInt8]], to buffer: inout ByteBuffer) {
        precondition(!arguments.isEmpty, "a command has a name")
        // One after the other, so that one pointer leads to all of them.
        let joined = arguments.joined()
        let bytes = ContiguousArray(joined)
        let lengths = arguments.map(\.count)
        bytes.withUnsafeBytes { bytes in
            var places: [UnsafePointer<CChar>?] = []
            places.reserveCapacity(lengths.count)
            var offset = 0
            for length in lengths {
                places.append(bytes.baseAddress.map { Self.place($0 + offset) })
                offset += length
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
