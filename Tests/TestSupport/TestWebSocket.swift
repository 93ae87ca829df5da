/// A WebSocket client that does what a test says, right or wrong.
public final class TestWebSocket {
    /// A frame as it came.
    public struct Frame: Equatable {
        /// RFC 6455 §5.2.
        public let opcode: UInt8
        /// Without the mask, which a server's frames have not.
        public let payload: [UInt8]

        /// A frame to compare with.
        public init(opcode: UInt8, payload: [UInt8]) {
            self.opcode = opcode
            self.payload = payload
        }

        /// The payload as text.
        public var text: String { String(decoding: payload, as: UTF8.self) }
        /// Of a close frame; nil where it carries none.
        public var closeCode: Int? {
            opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
        }
        /// Of a close frame, for people.
        public var closeReason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    /// The connection under it.
    public let socket: TestSocket
    /// The head of the answer to the handshake.
    public let answer: String

    /// A handshake that is right (RFC 6455 §4.1), with more headers if wanted.
    public static func request(path: String = "/ws", headers: [String] = []) -> String {
        ([
            "GET \(path) HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        ] + headers).joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Opens one; what is given as `early` goes right behind the request.
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

    /// A connection on which the handshake has been done by hand.
    public init(upgraded socket: TestSocket, answer: String) {
        self.socket = socket
        self.answer = answer
    }

    // MARK: Saying

    /// One frame, as a client sends it unless told otherwise.
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

    /// Says something; `value` is JSON.
    public func chat(_ value: String, as name: String) throws {
        try say(#"{"type":"chat","username":"\#(name)","value":\#(value)}"#)
    }

    /// Logs in; the answer is checked.
    public func login(_ name: String) throws {
        try say(#"{"type":"login","username":"\#(name)"}"#)
        let answer = try hearText { $0.contains(#""type":"logg"#) || $0.contains("login_failure") }
        guard answer.contains(#""type":"logged_in""#) else { throw Unexpected(answer) }
    }

    // MARK: Hearing

    /// The next frame, whatever it is.
    public func hearFrame() throws -> Frame {
        let head = try socket.read(2)
        guard head[0] & 0xF0 == 0x80 else { throw Unexpected("frame head \(head)") }
        guard head[1] & 0x80 == 0 else { throw Unexpected("a masked frame from a server") }
        var length = Int(head[1])
        if length == 126 || length == 127 {
            length = try socket.read(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
        }
        return Frame(opcode: head[0] & 0x0F, payload: try socket.read(length))
    }

    /// The next text; pings are answered.
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

    /// The next text that fits; others are skipped.
    public func hearText(where fits: (String) -> Bool) throws -> String {
        while true {
            let text = try hear()
            if fits(text) { return text }
        }
    }

    /// The close frame, whatever comes before it; then the end of the connection.
    public func hearClose() throws -> Frame {
        while true {
            let frame = try hearFrame()
            guard frame.opcode == 8 else { continue }
            _ = try socket.readToEnd()
            return frame
        }
    }
}
