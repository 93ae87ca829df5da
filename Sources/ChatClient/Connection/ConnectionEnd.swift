public import ChatCore
import Glibc
import NIOCore
import NIOPosix

/// How a connection ended.
public enum ConnectionEnd: Error, Hashable, Sendable {
    /// No server answered at the address; the reason is the system's.
    case unreachable(String)
    /// The handshake was refused, or was invalid.
    case handshake(ClientHandshakeError)
    /// Connection and handshake together took longer than this.
    case openTimeout(Duration)
    /// The server sent a close frame, by itself or in answer to the client's.
    case closed(CloseCode?, reason: String)
    /// The server broke RFC 6455.
    case broken(FrameError)
    /// The connection ended without a close frame.
    case lost
    /// The client cut the connection without a close frame.
    case cut
}

extension ConnectionEnd {
    /// Makes an end with the system's own words, without NIO's around them.
    public static func unreachable(because error: any Error) -> ConnectionEnd {
        switch error {
        case let error as IOError: .unreachable(String(cString: strerror(error.errnoCode)))
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first {
                unreachable(because: first.error)
            } else {
                .unreachable("there is no address for \(error.host)")
            }
        case ChannelError.connectTimeout: .unreachable("no answer in time")
        default: .unreachable("\(error)")
        }
    }
}

extension ConnectionEnd: CustomStringConvertible {
    /// The end in words for people. It contains the server's text unchanged.
    public var description: String {
        switch self {
        case .unreachable(let reason): "cannot connect: \(reason)"
        case .handshake(.refused(let status, let body)):
            "refused with HTTP \(status): "
                + body.split(whereSeparator: \.isNewline).joined(separator: " ")
        case .handshake(.notHTTP(let text)): "not an HTTP server: \(text)"
        case .handshake(.notWebSocket(let reason)): "not a WebSocket server: \(reason)"
        case .handshake(.tooLong(let limit)): "the answer's head has more than \(limit) bytes"
        case .handshake(.endedEarly): "the connection ended before the handshake did"
        case .openTimeout(let timeout): "no WebSocket within \(timeout)"
        case .closed(nil, _): "closed by the server without a code"
        case .closed(let code?, let reason): "closed by the server: \(code.rawValue) \(reason)"
        case .broken(let error): "the server broke the protocol: \(error.reason)"
        case .lost: "the connection was lost"
        case .cut: "cut"
        }
    }
}
