/// The type of a WebSocket frame (RFC 6455, section 11.8). All other values are reserved.
public enum Opcode: UInt8, Sendable {
    /// The next part of a fragmented message.
    case continuation = 0x0
    /// A message, or the first part of one, in UTF-8.
    case text = 0x1
    /// A message of any bytes. This server accepts none and sends none.
    case binary = 0x2
    /// The last frame of a peer.
    case close = 0x8
    /// A ping, to be answered with a pong of the same payload.
    case ping = 0x9
    /// The answer to a ping, or a pong sent without one.
    case pong = 0xA

    /// Whether the frame may be sent between the fragments of a message (RFC 6455, section 5.5).
    public var isControl: Bool { rawValue & 0x8 != 0 }

    /// The most bytes that a control frame may carry (RFC 6455, section 5.5).
    static let controlPayloadBytes = 125
}
