import ChatCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ChatClient

/// One connection, on a channel that a test turns by hand.
@Suite struct ClientConnectionTests {
    /// Notes what it is told.
    private final class Ears: ClientConnectionDelegate {
        var texts: [String] = []
        var ends: [ConnectionEnd] = []
        var isOpen = false
        var pings = 0
        /// What to do with each message.
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

    /// What a client sent, as a server reads it.
    private final class ServerEars: FrameSink {
        var heard: [String] = []
        var closeCode: CloseCode?
        func text(_ payload: RawSpan) -> Bool { note("text", payload) }
        func ping(_ payload: RawSpan) -> Bool { note("ping", payload) }
        func pong(_ payload: RawSpan) -> Bool { note("pong", payload) }
        func close(_ code: CloseCode?, _ reason: RawSpan) {
            closeCode = code
            _ = note("close", reason)
        }
        private func note(_ kind: String, _ payload: RawSpan) -> Bool {
            heard.append(
                kind + " " + payload.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            )
            return true
        }
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

    private func hears(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// What the client sent since the last time, unmasked; fails where a server would refuse it.
    private func heardByServer() throws -> ServerEars {
        var bytes = try sent()
        var parser = FrameParser(.server)
        let ears = ServerEars()
        var all = bytes.mutableSpan
        var span = all.mutableBytes
        try parser.consume(&span, into: ears)
        return ears
    }

    /// Answers the handshake, with frames right behind it.
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
        try open(with: Frame.text("a") + Frame.text("b"))
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
        #expect(try heardByServer().heard == ["text same", "text same"])
    }

    @Test func `a ping is answered with what it carries`() throws {
        try open()
        try hears(Frame.ping("hello".utf8Span.span.bytes))
        #expect(try heardByServer().heard == ["pong hello"])
        #expect(ears.pings == 1)
    }

    @Test func `a close of the server is answered in kind, and told when the socket is closed`()
        throws
    {
        try open()
        try hears(Frame.close(.restart, "bye"))
        #expect(try heardByServer().closeCode == .restart)
        #expect(ears.ends == [])
        try channel.close().wait()
        #expect(ears.ends == [.closed(.restart, reason: "bye")])
    }

    @Test func `a server that does not close behind its close frame is cut`() throws {
        try open()
        try hears(Frame.close(.restart, "bye"))
        turn(by: Limits.closeTimeout)
        #expect(ears.ends == [.closed(.restart, reason: "bye")])
    }

    @Test func `our own close is told as the server answers it`() throws {
        try open()
        connection.close(.goingAway, "enough")
        let heard = try heardByServer()
        #expect(heard.closeCode == .goingAway)
        #expect(heard.heard == ["close enough"])
        try hears(Frame.text("late") + Frame.close(.goingAway))
        #expect(ears.texts == [])
        try channel.close().wait()
        #expect(ears.ends == [.closed(.goingAway, reason: "")])
    }

    @Test func `a server that does not answer our close is cut`() throws {
        try open()
        connection.close()
        turn(by: Limits.closeTimeout - .milliseconds(1))
        #expect(ears.ends == [])
        turn(by: .milliseconds(1))
        #expect(ears.ends == [.cut])
    }

    @Test func `a handshake that does not come to its end is given up`() throws {
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

    @Test func `a refusal is told with status and body, whether the body ends or the connection`()
        throws
    {
        try hears(Array("HTTP/1.1 403 Forbidden\r\n\r\nnot you".utf8))
        #expect(ears.ends == [])
        try channel.close().wait()
        #expect(ears.ends == [.handshake(.refused(status: 403, body: "not you"))])
    }

    @Test func `a server that breaks the protocol is told so with the right code`() throws {
        try open()
        try hears(Frame.text("masked", mask: MaskingKey(7)))
        #expect(try heardByServer().closeCode == .protocolError)
        turn(by: Limits.closeTimeout)
        #expect(ears.ends == [.broken(.maskedFrame)])
    }

    @Test func `who cuts in the middle of a read hears no more of it`() throws {
        ears.onText = { $0.cut() }
        try open(with: Frame.text("a") + Frame.text("b"))
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
