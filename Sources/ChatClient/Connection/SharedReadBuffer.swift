import ChatCore
import NIOCore

/// One read buffer for all connections of a loop: they hold no buffer between two reads, and the
/// next read goes to memory that is in the processor's cache.
///
/// The buffer is lent to the channel that reads and comes back after the channel's handler has
/// processed it. This works only if the channel keeps no reference: with `maxMessagesPerRead` 1,
/// its pool keeps just the first buffer ever handed out (swift-nio 2.101,
/// `NIOPooledRecvBufferAllocator`), so that one is small and never used again. If NIO changed that,
/// buffers would be copied, not mixed up.
///
/// On: the loop.
final class SharedReadBuffer {
    fileprivate var atHome: ByteBuffer?

    /// Takes a buffer back, unless it is still referenced elsewhere.
    func comesBack(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity >= Limits.sharedReadBytes else { return }
        atHome = consume buffer
    }

    /// Returns the allocator of the buffers that a channel of the loop reads into.
    func allocator(on loop: any EventLoop) -> any RecvByteBufferAllocator {
        Lender(buffer: NIOLoopBound(self, eventLoop: loop))
    }

    private struct Lender: RecvByteBufferAllocator {
        let buffer: NIOLoopBound<SharedReadBuffer>
        var hasRead = false

        func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
            // The answer to a handshake fits; if not, the next read gets the rest.
            guard hasRead else { return allocator.buffer(capacity: 256) }
            let shared = buffer.value
            guard var lent = shared.atHome.take() else {
                return allocator.buffer(capacity: Limits.sharedReadBytes)
            }
            lent.clear()
            return lent
        }

        /// Returns true: otherwise a pool would use the first buffer again.
        mutating func record(actualReadBytes: Int) -> Bool {
            hasRead = true
            return true
        }
    }
}
