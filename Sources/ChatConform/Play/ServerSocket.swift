import ChatCore
import Glibc

/// One connection of the client, from the server's side.
final class ServerSocket: FrameSink {
    let descriptor: Descriptor
    /// The texts that have come and no step has asked for yet, but for pings.
    var texts: [String] = []
    /// The number of pings that have come, of either kind.
    private(set) var pings = 0
    /// The number of pings of this side that the client has answered.
    private(set) var pongs = 0
    private(set) var hasEnded = false
    /// Whether one side has said that the connection ends.
    private(set) var isClosing = false
    /// Whether pings are answered.
    var isSilent = false
    private let subprotocol: String?
    private var head: [UInt8] = []
    private(set) var isOpen = false
    private var parser = FrameParser(.server, maxMessageBytes: 1 << 20)
    private var waiting: [UInt8] = []

    init(_ descriptor: Descriptor, subprotocol: String?) {
        self.descriptor = descriptor
        self.subprotocol = subprotocol
    }

    /// The number of bytes that the client has not taken yet.
    var byteCountWaiting: Int { waiting.count }

    // MARK: Reading

    /// Takes what the client has sent.
    func receive() {
        while !hasEnded, var bytes = descriptor.read() {
            if bytes.isEmpty { return hasEnded = true }
            if isOpen { parse(&bytes) } else { open(bytes) }
        }
    }

    private func parse(_ bytes: inout [UInt8]) {
        var all = bytes.mutableSpan
        var span = all.mutableBytes
        do throws(FrameError) {
            try parser.consume(&span, into: self)
        } catch {
            texts.append(#"{"type":"no frame"}"#)
        }
    }

    /// Answers the handshake when it is complete.
    private func open(_ bytes: [UInt8]) {
        head += bytes
        let text = String(decoding: head, as: UTF8.self)
        guard text.hasSuffix("\r\n\r\n") else { return }
        let field = "sec-websocket-key:"
        let line = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix(field) }
        let key = line.map { String($0.dropFirst(field.count).filter { $0 != " " }) } ?? ""
        let picked = subprotocol.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? ""
        send(
            Array(
                """
                HTTP/1.1 101 Switching Protocols\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Accept: \(Handshake.acceptKey(for: key))\r
                \(picked)\r\n
                """.utf8
            )
        )
        isOpen = true
    }

    func text(_ payload: RawSpan) -> Bool {
        let text = payload.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        guard JSONTree(text)?.text("type") == "ping" else {
            texts.append(text)
            return true
        }
        pings += 1
        if !isSilent { say(#"{"type":"pong"}"#) }
        return true
    }

    func ping(_ payload: RawSpan) -> Bool {
        pings += 1
        if !isSilent { send(Frame.pong(payload)) }
        return true
    }

    func pong(_ payload: RawSpan) -> Bool {
        pongs += 1
        return true
    }

    func close(_ code: CloseCode?, _ reason: RawSpan) {
        isClosing = true
        send(Frame.close(code))
        shutdown(descriptor.number, CInt(SHUT_WR))
    }

    // MARK: Writing

    /// Sends a text message.
    func say(_ text: String) {
        let bytes = Array(text.utf8)
        var frame: [UInt8] = []
        Frame.append(.text, payload: bytes.span.bytes, to: &frame)
        send(frame)
    }

    /// Sends a ping, which the client answers when it has read everything before it.
    func ping() { send(Frame.ping()) }

    /// Closes the connection as a node does: a frame, and the end of its own side.
    func close(_ code: UInt16) {
        isClosing = true
        send(Frame.close(CloseCode(rawValue: code), ""))
        shutdown(descriptor.number, CInt(SHUT_WR))
    }

    /// Ends the connection without a word.
    func cut() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor.number,
            SOL_SOCKET,
            SO_LINGER,
            &now,
            socklen_t(MemoryLayout<linger>.size)
        )
        hasEnded = true
    }

    /// Writes what the client takes now.
    func flush() {
        guard !waiting.isEmpty, !hasEnded else { return }
        guard let count = descriptor.write(waiting[...]) else { return hasEnded = true }
        waiting.removeFirst(count)
    }

    private func send(_ bytes: [UInt8]) {
        waiting += bytes
        flush()
    }
}
