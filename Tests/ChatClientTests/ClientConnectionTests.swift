import ChatCore
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import ChatClient

/// One connection, on a channel that the test advances itself.
@Suite struct ClientConnectionTests {
    /// Notes the events of the connection.
    private final class Ears: ClientConnectionDelegate {
        var texts: [String] = []
        var ends: [ConnectionEnd] = []
        var isOpen = false
        var pings = 0
        /// Called with each message.
        var onText: (ClientConnection) -> Void = { _ in }

        func connected(_ connection: ClientConnection) {}
        func opened(_ connection: ClientConnection) { isOpen = true }
        func arrived(_ byteCount: Int, on connection: ClientConnection) {}
        func received(_ text: RawSpan, on connection: ClientConnection) {
            texts.append(text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
            onText(connection)
        }
        func pinged(_ connection: ClientConnection) { pings += 1 }
        func ended(_ connection: ClientConnection, _ end: ConnectionEnd) { ends.append(end) }
    }

    private let channel = EmbeddedChannel()
    private let ears = Ears()
    private let connection: ClientConnection

    init() throws {
        connection = ClientConnection(
            url: try ChatURL("ws://h/ws"),
            settings: ClientSettings(),
            readBuffer: nil,
            generator: SystemRandomNumberGenerator(),
            delegate: ears
        )
        try channel.pipeline.syncOperations.addHandler(connection)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            bytes += buffer.readableBytesView
        }
        return bytes
    }

    /// Returns a server's frame with a text.
    private func text(_ text: String) -> [UInt8] {
        TestWebSocket.frame(1, Array(text.utf8), isMasked: false)
    }

    private func hears(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// Returns what the client sent since the last call.
    private func heardByServer() throws -> [FrameDecoder.Frame] {
        try FrameDecoder.all(in: sent(), of: .client)
    }

    /// Answers the handshake, with frames directly after it.
    private func open(with frames: [UInt8] = []) throws {
        let request = String(decoding: try sent(), as: UTF8.self)
        let key = try #require(
            request.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }
        ).dropFirst("Sec-WebSocket-Key: ".count)
        let answer = """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(Handshake.acceptKey(for: String(key)))\r
            \r

            """
        try hears(Array(answer.utf8) + frames)
    }

    private func turn(by duration: Duration) {
        channel.embeddedEventLoop.advanceTime(by: .nanoseconds(duration.inNanoseconds))
    }

    @Test func `what follows the handshake in one read is heard`() throws {
        try open(with: text("a") + text("b"))
        #expect(ears.isOpen)
        #expect(ears.texts == ["a", "b"])
    }

    @Test func `messages leave masked, each with a key of its own`() throws {
        try open()
        for _ in 0..<2 { connection.write("same".utf8Span.span.bytes) }
        #expect(try sent().isEmpty)
        connection.flush()
        let bytes = try sent()
        #expect(bytes[..<(bytes.count / 2)] != bytes[(bytes.count / 2)...])
        for _ in 0..<2 { connection.write("same".utf8Span.span.bytes) }
        connection.flush()
        let same = FrameDecoder.Frame(opcode: 1, payload: Array("same".utf8))
        #expect(try heardByServer() == [same, same])
    }

    @Test func `a ping is answered with what it carries`() throws {
        try open()
        try hears(Frame.ping("hello".utf8Span.span.bytes))
        let pong = FrameDecoder.Frame(opcode: 10, payload: Array("hello".utf8))
        #expect(try heardByServer() == [pong])
        #expect(ears.pings == 1)
    }

    @Test func `a close of the server is answered in kind, and reported when the socket is closed`()
        throws
    {
        try open()
        try hears(Frame.close(.restart, "bye"))
        #expect(try heardByServer().map(\.closeCode) == [1012])
        #expect(ears.ends == [])
        try channel.close().wait()
        #expect(ears.ends == [.closed(.restart, reason: "bye")])
    }

    @Test func `a server that does not close after its close frame is cut`() throws {
        try open()
        try hears(Frame.close(.restart, "bye"))
        turn(by: Limits.closeTimeout)
        #expect(ears.ends == [.closed(.restart, reason: "bye")])
    }

    @Test func `the client's own close is reported as the server answers it`() throws {
        try open()
        connection.close(.goingAway, "enough")
        let heard = try heardByServer()
        #expect(heard.map(\.closeCode) == [1001])
        #expect(heard.map(\.closeReason) == ["enough"])
        try hears(text("late") + Frame.close(.goingAway))
        #expect(ears.texts == [])
        try channel.close().wait()
        #expect(ears.ends == [.closed(.goingAway, reason: "")])
    }

    @Test func `a server that does not answer the client's close is cut`() throws {
        try open()
        connection.close()
        turn(by: Limits.closeTimeout - .milliseconds(1))
        #expect(ears.ends == [])
        turn(by: .milliseconds(1))
        #expect(ears.ends == [.cut])
    }

    @Test func `a handshake that does not end is given up`() throws {
        try hears(Array("HTTP/1.1 101".utf8))
        turn(by: Limits.openTimeout)
        #expect(ears.ends == [.openTimeout(Limits.openTimeout)])
    }

    @Test func `an open connection has no such limit`() throws {
        try open()
        turn(by: .seconds(3600))
        #expect(ears.ends == [])
        #expect(connection.isOpen)
    }

    @Test func `a refusal is reported with its status and body, whichever way the body ends`()
        throws
    {
        try hears(Array("HTTP/1.1 403 Forbidden\r\n\r\nnot you".utf8))
        #expect(ears.ends == [])
        try channel.close().wait()
        #expect(ears.ends == [.handshake(.refused(status: 403, body: "not you"))])
    }

    @Test func `a server that breaks the protocol is told with the right close code`() throws {
        try open()
        try hears(TestWebSocket.frame(1, Array("masked".utf8)))
        #expect(try heardByServer().map(\.closeCode) == [1002])
        turn(by: Limits.closeTimeout)
        #expect(ears.ends == [.broken(.maskedFrame)])
    }

    @Test func `a client that cuts in the middle of a read hears no more of it`() throws {
        ears.onText = { $0.cut() }
        try open(with: text("a") + text("b"))
        #expect(ears.texts == ["a"])
        #expect(ears.ends == [.cut])
        connection.write("x".utf8Span.span.bytes)
        connection.flush()
        #expect(try sent().isEmpty)
    }

    @Test func `an end without a close frame is a loss`() throws {
        try open()
        try channel.close().wait()
        #expect(ears.ends == [.lost])
    }

    @Test func `a connection that is cut before it has a channel opens none`() throws {
        let connection = ClientConnection(
            url: try ChatURL("ws://h/ws"),
            settings: ClientSettings(),
            readBuffer: nil,
            generator: SystemRandomNumberGenerator(),
            delegate: ears
        )
        connection.cut()
        #expect(ears.ends == [])
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(connection)
        channel.embeddedEventLoop.run()
        #expect(ears.ends == [.cut])
    }
}
