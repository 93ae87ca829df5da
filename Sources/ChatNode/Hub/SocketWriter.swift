import ChatCore
import Glibc
import NIOCore

/// Sends everything that a client gets after the HTTP answer: frames of rooms, answers, pings and
/// the close frame.
///
/// Sends on the descriptor itself: the layers between a loop and `send` cost as much again as the
/// call. What the kernel does not take at once is handed to the channel, which waits for the
/// socket; the writer is blocked until that has been sent, and nothing overtakes it. A socket
/// without a descriptor of its own (TLS, an embedded channel) sends everything through the channel.
///
/// Layout: eight bytes and no reference counts, because a broadcast passes thousands of writers.
/// On: the connection's loop.
struct SocketWriter {
    /// What became of bytes.
    enum Outcome {
        /// The kernel has them all.
        case sent
        /// The kernel took this number of bytes, possibly 0.
        case partly(Int)
        /// The connection is gone. Its read side learns of that by itself.
        case broken
    }

    private struct State: OptionSet {
        let rawValue: UInt8
        static let blocked = State(rawValue: 1)
        static let broken = State(rawValue: 2)
        static let closing = State(rawValue: 4)
    }

    /// A number that no descriptor has (open(2)).
    private static let noDescriptor: CInt = -1

    private var descriptor: CInt
    private var state: State
    /// Whether the kernel may keep what is sent until more follows, which must be in the same turn: several
    /// frames that are sent one by one then travel in one packet (`MSG_MORE`, send(2)).
    var isMoreToFollow = false

    /// Makes a writer without a socket, for an empty place in the table.
    init() {
        descriptor = Self.noDescriptor
        state = .broken
    }

    init(channel: any Channel) {
        descriptor = Self.descriptor(of: channel) ?? Self.noDescriptor
        state = []
    }

    /// Returns the channel's descriptor. `withUnsafeTransportIfAvailable(of:)` is avoided: it casts
    /// to a protocol with a constraint, which the runtime resolves anew each time, for 14,000
    /// instructions a client.
    private static func descriptor(of channel: any Channel) -> CInt? {
        guard let channel = channel as? any NIOTransportAccessibleChannelCore else { return nil }
        return transport(of: channel)
    }

    private static func transport(of channel: some NIOTransportAccessibleChannelCore) -> CInt? {
        try? channel.withUnsafeTransport { $0 as? NIOBSDSocket.Handle }
    }

    /// Whether bytes are on their way through the channel, which nothing may overtake.
    var isBlocked: Bool { state.contains(.blocked) }
    /// Whether no further frame may be sent: the close frame has been sent, or is about to be (RFC
    /// 6455 §5.5.1), or the client is gone.
    var isClosing: Bool { state.contains(.closing) }
    /// Whether frames of a room may be sent now.
    var takesFrames: Bool { state.isEmpty }

    /// Stops all sending: the client has ended its side, or the descriptor is closed and its number
    /// may be reused.
    mutating func shut() {
        descriptor = Self.noDescriptor
        state.formUnion([.broken, .closing])
    }

    /// Sends what the kernel takes now. Must not be called while the writer is blocked.
    mutating func transmit(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        precondition(!isBlocked, "a blocked writer is not to be passed")
        guard !state.contains(.broken) else { return .broken }
        guard descriptor != Self.noDescriptor else { return .partly(0) }
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, flags)
            if count == bytes.count { return .sent }
            if count >= 0 { return .partly(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS, ENOMEM: return .partly(0)
            default:
                // The writer should have been shut before: the number is given to the next
                // connection of any loop, and the next bytes would go to a stranger.
                assert(errno != EBADF && errno != ENOTSOCK, "bytes for a closed descriptor")
                state.insert(.broken)
                return .broken
            }
        }
    }

    private var flags: CInt {
        CInt(MSG_NOSIGNAL) | (isMoreToFollow ? CInt(MSG_MORE) : 0)
    }

    /// Refuses further frames; only what already waits may still be sent.
    mutating func beginClosing() { state.insert(.closing) }

    /// Makes private frames wait from now on.
    mutating func block() { state.insert(.blocked) }

    /// Ends the block, after what was handed to the channel has been sent.
    mutating func unblock() { state.remove(.blocked) }
}
