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
/// Eight bytes and nothing to count references of: a walk passes thousands of them.
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

    private struct State: OptionSet {
        let rawValue: UInt8
        static let blocked = State(rawValue: 1)
        static let broken = State(rawValue: 2)
        static let closing = State(rawValue: 4)
    }

    /// None has this number (open(2)).
    private static let noDescriptor: CInt = -1

    private var descriptor: CInt
    private var state: State

    /// A door to nowhere, for a place in a table that nobody has.
    init() {
        descriptor = Self.noDescriptor
        state = .broken
    }

    init(channel: any Channel) {
        descriptor = Self.descriptor(of: channel) ?? Self.noDescriptor
        state = []
    }

    /// Not by `withUnsafeTransportIfAvailable(of:)`, which casts to a protocol with a constraint: the
    /// runtime has that worked out anew each time, for 14,000 instructions a client.
    private static func descriptor(of channel: any Channel) -> CInt? {
        guard let channel = channel as? any NIOTransportAccessibleChannelCore else { return nil }
        return transport(of: channel)
    }

    private static func transport(of channel: some NIOTransportAccessibleChannelCore) -> CInt? {
        try? channel.withUnsafeTransport { $0 as? NIOBSDSocket.Handle }
    }

    /// Something is on its way through the channel, and nothing may overtake it.
    var isBlocked: Bool { state.contains(.blocked) }
    /// The close frame has passed, or is about to, and nothing may follow it (RFC 6455 §5.5.1); or
    /// nobody is there any more.
    var isClosing: Bool { state.contains(.closing) }
    /// Whether frames of a room may be sent now.
    var takesFrames: Bool { state.isEmpty }

    /// Nothing may be sent any more: the client has ended its side, or the descriptor is closed, and its
    /// number may be reused.
    mutating func shut() {
        descriptor = Self.noDescriptor
        state.formUnion([.broken, .closing])
    }

    /// Sends what the kernel takes now. Only while not blocked.
    mutating func transmit(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        precondition(!isBlocked, "a blocked door is not to be passed")
        guard !state.contains(.broken) else { return .broken }
        guard descriptor != Self.noDescriptor else { return .partly(0) }
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            if count == bytes.count { return .sent }
            if count >= 0 { return .partly(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS, ENOMEM: return .partly(0)
            default:
                // It ought to have been shut by then: the number is given to the next connection of
                // any loop, and the next bytes would be a stranger's.
                assert(errno != EBADF && errno != ENOTSOCK, "bytes for a closed descriptor")
                state.insert(.broken)
                return .broken
            }
        }
    }

    /// Only what waits may still pass.
    mutating func beginClosing() { state.insert(.closing) }

    /// From now on private frames wait.
    mutating func block() { state.insert(.blocked) }

    /// What was handed to the channel is through.
    mutating func unblock() { state.remove(.blocked) }
}
