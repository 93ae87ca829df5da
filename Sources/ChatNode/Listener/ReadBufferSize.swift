import ChatCore
import NIOCore

/// Chooses the size of a connection's next read buffer: it grows for a busy sender and falls back,
/// as NIO's `AdaptiveRecvByteBufferAllocator` does.
///
/// Layout: NIO's allocator has five words, for which NIO makes a box in every connection; these two
/// fields fit inline. NIO keeps a buffer that it has made and uses it again for a smaller size, so
/// a connection holds the largest buffer that it ever needed.
struct ReadBufferSize: RecvByteBufferAllocator {
    private var size = Limits.readBufferMinimumBytes
    /// Whether the last read was small; after a second one the next buffer is smaller.
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
