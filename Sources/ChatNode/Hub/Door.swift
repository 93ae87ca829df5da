import ChatCore
import Glibc
import NIOCore

/// The only way to a client's socket: frames of rooms, answers, pings and the close frame.
///
/// Sends on the descriptor: what is between a loop and `send` costs as much again as the call.
/// What the kernel does not take at once is handed to the channel, which waits for the socket; the
/// door is blocked until that is through, and nothing overtakes it. A socket without a descriptor
/// of its own (TLS, an embedded channel) sends everything that way.
///
/// On: the connection's loop.
struct Door {
    /// What became of bytes.
    enum Outcome {
        /// The kernel has them all.
        case sent
        /// It took so many, perhaps none.
        case partly(Int)
        /// The connection is gone. The read side finds out in its own time.
        case broken
    }

    private(set) var isBlocked = false
    private(set) var isBroken = false
    /// The close frame has passed, or is about to: nothing may follow it (RFC 6455 §5.5.1).
    private(set) var isClosing = false
    private var descriptor: CInt?
    /// Private frames that wait behind the block.
    private var waiting: [UInt8] = []

    /// A door to nowhere, for a place in a table that nobody has.
    init() {
        isBroken = true
    }

    init(channel: any Channel) {
        descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
    }

    /// Nothing may be sent any more: the descriptor is closed, and its number may be reused.
    mutating func shut() {
        descriptor = nil
        isBroken = true
        waiting = []
    }

    /// Sends what the kernel takes now. Only while not blocked.
    mutating func transmit(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        precondition(!isBlocked, "a blocked door is not to be passed")
        guard !isBroken else { return .broken }
        guard let descriptor else { return .partly(0) }
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            if count == bytes.count { return .sent }
            if count >= 0 { return .partly(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS, ENOMEM: return .partly(0)
            default:
                isBroken = true
                return .broken
            }
        }
    }

    /// Whether frames of a room may be sent now.
    var takesFrames: Bool { !isBlocked && !isBroken && !isClosing }

    /// Only what waits may still pass.
    mutating func beginClosing() { isClosing = true }

    /// From now on private frames wait.
    mutating func block() { isBlocked = true }

    /// What was handed to the channel is through.
    mutating func unblock() { isBlocked = false }

    /// Whether so many private bytes more may wait for a client that does not read.
    func hasRoom(for count: Int) -> Bool {
        waiting.count + count <= Limits.privateBytes
    }

    /// Private bytes that wait.
    var waitingBytes: Int { waiting.count }

    /// Keeps private bytes for when the door is open again.
    mutating func wait(_ bytes: ArraySlice<UInt8>) {
        guard !isBroken else { return }
        waiting.append(contentsOf: bytes)
    }

    /// Hands out what waited.
    mutating func takeWaiting() -> [UInt8] {
        defer { waiting = [] }
        return waiting
    }
}
