import ChatCore
import NIOCore

/// One read buffer for all connections of a loop: what they hold between two reads is nothing, and
/// what is read next lies in the processor's cache.
///
/// It is lent to the channel that reads and comes back when its handler has looked at it. Works
/// only where the channel keeps no reference: with `maxMessagesPerRead` 1, its pool keeps just the
/// first buffer ever handed out (swift-nio 2.101, `NIOPooledRecvBufferAllocator`), so that one is
/// small and never used again. Were it otherwise, buffers would be copied, not confused.
///
/// On: the loop.
final class SharedReadBuffer {
    fileprivate var atHome: ByteBuffer?

    /// Takes a buffer back, unless somebody still looks at it.
    func comesBack(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity >= Limits.sharedReadBytes else { return }
        atHome = consume buffer
    }

    /// What a channel of the loop reads into.
    func allocator(on loop: any EventLoop) -> any RecvByteBufferAllocator {
        Lender(buffer: NIOLoopBound(self, eventLoop: loop))
    }

    private struct Lender: RecvByteBufferAllocator {
        let buffer: NIOLoopBound<SharedReadBuffer>
        var hasRead = false

        func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
            // An answer to a handshake fits; if not, the next read has the rest.
            guard hasRead else { return allocator.buffer(capacity: 256) }
            let shared = buffer.value
            guard var lent = shared.atHome.take() else {
                return allocator.buffer(capacity: Limits.sharedReadBytes)
            }
            lent.clear()
            return lent
        }

        /// True: a pool would otherwise use the first buffer again.
        mutating func record(actualReadBytes: Int) -> Bool {
            hasRead = true
            return true
        }
    }
}
