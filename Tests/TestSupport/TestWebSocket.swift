import Glibc

/// A WebSocket client that sends what a test tells it to, correct or not.
public final class TestWebSocket {
    /// The connection under it.
    public let socket: TestSocket
    /// The head of the answer to the handshake.
    public let answer: String

    /// Returns a correct handshake (RFC 6455 §4.1), with further headers if wanted.
    public static func request(path: String = "/ws", headers: [String] = []) -> String {
        ([
            "GET \(path) HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        ] + headers).joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Opens a WebSocket; `early` is sent directly after the request.
    public init(
        port: Int,
        path: String = "/ws",
        headers: [String] = [],
        early: [UInt8] = [],
        receiveBufferBytes: CInt? = nil
    ) throws {
        socket = try TestSocket(port: port, receiveBufferBytes: receiveBufferBytes)
        try socket.send(Array(Self.request(path: path, headers: headers).utf8) + early)
        answer = try socket.read(through: "\r\n\r\n")
        guard answer.hasPrefix("HTTP/1.1 101 ") else { throw Unexpected(answer) }
    }

    /// Makes a client of a connection on which the test has done the handshake itself.
    public init(upgraded socket: TestSocket, answer: String) {
        self.socket = socket
        self.answer = answer
    }

    /// Makes reads and writes return at once, for a caller that waits for many clients. Returns the
    /// bytes that were read and not taken.
    func stopBlocking() -> [UInt8] {
        let flags = fcntl(socket.descriptor, F_GETFL)
        _ = fcntl(socket.descriptor, F_SETFL, flags | O_NONBLOCK)
        return socket.takeBuffered()
    }

    // MARK: Sending

    /// Returns one frame, as a client sends it unless the parameters say otherwise.
    public static func frame(
        _ opcode: UInt8,
        _ payload: [UInt8],
        isFinal: Bool = true,
        isMasked: Bool = true
    ) -> [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(mask | UInt8(payload.count))
        case ..<65536:
            bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(mask | 127)
            bytes += (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 0xFF) }
        }
        guard isMasked else { return bytes + payload }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    /// Sends a text.
    public func say(_ text: String) throws {
        try socket.send(Self.frame(1, Array(text.utf8)))
    }

    /// Sends a frame.
    public func send(frame opcode: UInt8, _ payload: [UInt8] = []) throws {
        try socket.send(Self.frame(opcode, payload))
    }

    /// Sends a chat message; `value` is JSON.
    public func chat(_ value: String, as name: String) throws {
        try say(#"{"type":"chat","username":"\#(name)","value":\#(value)}"#)
    }

    /// Logs in, and checks the answer.
    public func login(_ name: String) throws {
        try say(#"{"type":"login","username":"\#(name)"}"#)
        let answer = try hearText { $0.contains(#""type":"logg"#) || $0.contains("login_failure") }
        guard answer.contains(#""type":"logged_in""#) else { throw Unexpected(answer) }
    }

    // MARK: Receiving

    /// Returns the next frame of any kind.
    public func hearFrame() throws -> FrameDecoder.Frame { try socket.readFrame(of: .server) }

    /// Returns the next text; pings are answered.
    public func hear() throws -> String {
        while true {
            let frame = try hearFrame()
            switch frame.opcode {
            case 1: return frame.text
            case 9: try send(frame: 10, frame.payload)
            default:
                throw Unexpected(
                    "opcode \(frame.opcode): \(frame.closeCode ?? 0) \(frame.closeReason)"
                )
            }
        }
    }

    /// Returns the next text that fits; others are skipped.
    public func hearText(where fits: (String) -> Bool) throws -> String {
        while true {
            let text = try hear()
            if fits(text) { return text }
        }
    }

    /// Returns the close frame, whatever comes before it, and checks that the connection ends after
    /// it.
    public func hearClose() throws -> FrameDecoder.Frame {
        while true {
            let frame = try hearFrame()
            guard frame.opcode == 8 else { continue }
            _ = try socket.readToEnd()
            return frame
        }
    }
}
