/// A violation by a peer that ends its connection, with the code and the sentence to close it with.
public enum FrameError: Error, Hashable, Sendable {
    /// A client's frame was not masked (RFC 6455, section 5.1).
    case unmaskedFrame
    /// A server's frame was masked (RFC 6455, section 5.1).
    case maskedFrame
    /// A reserved bit is set and no extension has been negotiated (RFC 6455, section 5.2).
    case reservedBit
    /// An opcode that is not defined (RFC 6455, section 5.2).
    case reservedOpcode
    /// A control frame in fragments (RFC 6455, section 5.5).
    case fragmentedControl
    /// A control frame of more than 125 bytes (RFC 6455, section 5.5).
    case oversizedControl
    /// A continuation without a message to continue (RFC 6455, section 5.4).
    case unexpectedContinuation
    /// A new message before a fragmented one was complete (RFC 6455, section 5.4).
    case interruptedMessage
    /// A length not in its shortest form, or with its highest bit set (RFC 6455, section 5.2).
    case malformedLength
    /// A close frame with only one byte of a code (RFC 6455, section 5.5.1).
    case truncatedCloseCode
    /// A close code that must not be sent (RFC 6455, section 7.4).
    case invalidCloseCode
    /// A binary message.
    case binaryMessage
    /// A message that is not UTF-8 (RFC 6455, section 8.1).
    case invalidText
    /// A close reason that is not UTF-8 (RFC 6455, section 5.5.1).
    case invalidCloseReason
    /// A message over the limit.
    case messageTooBig(limitBytes: Int)

    /// The code to close with.
    public var closeCode: CloseCode {
        switch self {
        case .binaryMessage: .unsupportedData
        case .invalidText, .invalidCloseReason: .invalidPayload
        case .messageTooBig: .messageTooBig
        default: .protocolError
        }
    }

    /// The sentence to close with; it fits a close frame.
    public var reason: String {
        switch self {
        case .unmaskedFrame: "A client must mask its frames."
        case .maskedFrame: "A server must not mask its frames."
        case .reservedBit: "A reserved bit is set, but no extension has been negotiated."
        case .reservedOpcode: "The frame has a reserved opcode."
        case .fragmentedControl: "A control frame must not be fragmented."
        case .oversizedControl: "A control frame carries at most 125 bytes."
        case .unexpectedContinuation: "There is no message to continue."
        case .interruptedMessage: "A new message began before the last one was complete."
        case .malformedLength: "A frame's length must be in its shortest form, below 2^63."
        case .truncatedCloseCode: "A close frame is empty or begins with a code of two bytes."
        case .invalidCloseCode: "The close code is not one that may be sent."
        case .binaryMessage: "Binary messages are not accepted; send text."
        case .invalidText: "The message is not valid UTF-8."
        case .invalidCloseReason: "The close reason is not valid UTF-8."
        case .messageTooBig(let limitBytes): "A message may have at most \(limitBytes) bytes."
        }
    }
}
