import ChatCore
import NIOCore

/// How large a connection's next read buffer is: grows for a busy sender and falls back, as NIO's
/// `AdaptiveRecvByteBufferAllocator` does.
///
/// That one has five words, for which NIO makes a box in every connection; these two fit inline. A
/// buffer that NIO has made already it keeps and uses again for what is smaller: so a connection holds
/// the largest it ever needed.
struct ReadBufferSize: RecvByteBufferAllocator {
    private var size = Limits.readBufferMinimumBytes
    /// The last read was small; after a second one the next buffer is smaller.
    private var wasSmall = false

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: size)
    }

    func nextBufferSize() -> Int? { size }

    mutating func record(actualReadBytes count: Int) -> Bool {
        if count >= size, size < Limits.readBufferMaximumBytes {
            size *= 2
            wasSmall = false
            return true
        }
        let isSmall = count <= size / 2 && size > Limits.readBufferMinimumBytes
        if isSmall, wasSmall { size /= 2 }
        wasSmall = isSmall && !wasSmall
        return false
    }
}
