public import ChatCore
import Glibc
public import NIOCore

/// Receives the events of a connection. On: the connection's loop.
public protocol ClientConnectionDelegate: AnyObject {
    /// Called when the TCP connection is made; the handshake begins.
    func connected(_ connection: ClientConnection)
    /// Called when the handshake is done: from now on there are messages.
    func opened(_ connection: ClientConnection)
    /// Called when bytes have come, before the messages that they complete; all have the same time.
    func arrived(_ byteCount: Int, on connection: ClientConnection)
    /// Called for each message. The span is valid during the call only.
    func received(_ text: RawSpan, on connection: ClientConnection)
    /// Called when a ping has come and been answered.
    func pinged(_ connection: ClientConnection)
    /// Called once at the end, even if the connection never opened.
    func ended(_ connection: ClientConnection, _ end: ConnectionEnd)
}

/// The client's side of a WebSocket: handshake, masking and checking of frames, answers to pings,
/// the close handshake, timeouts. The meaning of messages is its owner's subject.
///
/// On: its loop, everything. Made by `ClientConnector`.
public final class ClientConnection: ChannelInboundHandler, FrameSink {
    /// The type that NIO reads.
    public typealias InboundIn = ByteBuffer
    /// The type that NIO writes.
    public typealias OutboundOut = ByteBuffer

    private enum Phase {
        case connecting
        case handshaking(ClientHandshake)
        case open
        /// A close frame was sent; what comes after that is not passed on.
        case closing
        case ended
    }

    private let settings: ClientSettings
    private let url: ChatURL
    private let readBuffer: SharedReadBuffer?
    private var generator: any RandomNumberGenerator
    private var delegate: (any ClientConnectionDelegate)?
    private var phase = Phase.connecting
    private var parser: FrameParser
    private var context: ChannelHandlerContext?
    private var timeout: Scheduled<Void>?
    /// Set when the end is known; reported when the socket is closed.
    private var end: ConnectionEnd?

    init(
        url: ChatURL,
        settings: ClientSettings,
        readBuffer: SharedReadBuffer?,
        generator: any RandomNumberGenerator,
        delegate: any ClientConnectionDelegate
    ) {
        self.url = url
        self.settings = settings
        self.readBuffer = readBuffer
        self.generator = generator
        self.delegate = delegate
        parser = FrameParser(.client, maxMessageBytes: settings.maxMessageBytes)
    }

    /// Whether messages may be sent.
    public var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    // MARK: Sending

    /// Frames a message and hands it to the channel; `flush` sends it. Does nothing unless open.
    public func write(_ text: RawSpan, promise: EventLoopPromise<Void>? = nil) {
        guard isOpen else { promise?.fail(end ?? .lost); return }
        writeFrame(.text, text, promise: promise)
    }

    /// Sends what has been written.
    public func flush() {
        context?.flush()
    }

    /// Begins the close handshake. The end is reported when the server has answered, or its time is
    /// up.
    public func close(_ code: CloseCode = .normal, _ reason: String = "") {
        guard isOpen else { return cut() }
        sendClose(code, reason)
    }

    /// Ends the connection at once: with a reset, so that no local port waits for stray packets
    /// (TIME_WAIT).
    public func cut() {
        note(.cut)
        guard let context else { return }
        if let channel = context.channel as? any SocketOptionProvider {
            _ = channel.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        context.close(promise: nil)
    }

    /// Pauses or resumes reading. During a pause pings go unanswered, so a server will close after
    /// a while. Messages of the last read are still passed on.
    public func setReading(_ isReading: Bool) {
        guard let context else { return }
        try? context.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    private func sendClose(_ code: CloseCode?, _ reason: String = "") {
        phase = .closing
        var payload: [UInt8] = []
        if let code {
            payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
            payload += reason.utf8.prefix(100)
        }
        writeFrame(.close, payload.span.bytes)
        flush()
        startTimeout(settings.closeTimeout)
    }

    private func writeFrame(
        _ opcode: Opcode,
        _ payload: RawSpan,
        promise: EventLoopPromise<Void>? = nil
    ) {
        guard let context else { promise?.fail(end ?? .lost); return }
        var frame: [UInt8] = []
        frame.reserveCapacity(
            FrameHeader.byteCount(length: payload.byteCount, masked: true) + payload.byteCount
        )
        let mask = MaskingKey(UInt32(truncatingIfNeeded: generator.next()))
        Frame.append(opcode, payload: payload, mask: mask, to: &frame)
        context.write(
            wrapOutboundOut(context.channel.allocator.buffer(bytes: frame)),
            promise: promise
        )
    }

    // MARK: The channel

    /// Called by NIO.
    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // It was cut before there was a channel.
        if end != nil { return cut() }
        startTimeout(settings.openTimeout)
        if context.channel.isActive { begin(context) }
    }

    /// Called by NIO.
    public func channelActive(context: ChannelHandlerContext) {
        begin(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard case .connecting = phase else { return }
        let handshake = makeHandshake(using: &generator)
        phase = .handshaking(handshake)
        delegate?.connected(self)
        let request = context.channel.allocator.buffer(bytes: handshake.request)
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    private func makeHandshake(
        using generator: inout any RandomNumberGenerator
    ) -> ClientHandshake {
        ClientHandshake(
            host: url.authority,
            path: url.path,
            subprotocol: settings.subprotocol,
            headers: settings.headers,
            using: &generator
        )
    }

    /// Called by NIO.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        delegate?.arrived(buffer.readableBytes, on: self)
        buffer.withUnsafeReadableBytes { bytes in
            read(UnsafeMutableRawBufferPointer(mutating: bytes))
        }
        readBuffer?.comesBack(buffer)
    }

    private func read(_ bytes: UnsafeMutableRawBufferPointer) {
        var start = 0
        if case .handshaking(var handshake) = phase {
            do throws(ClientHandshakeError) {
                let used = try handshake.consume(UnsafeRawBufferPointer(bytes).bytes)
                phase = .handshaking(handshake)
                guard let used else { return }
                start = used
            } catch {
                return fail(.handshake(error))
            }
            phase = .open
            stopTimeout()
            delegate?.opened(self)
        }
        // A server's frames are not masked, so the parser changes nothing in them.
        var span = MutableRawSpan(
            _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
        )
        do throws(FrameError) {
            try parser.consume(&span, into: self)
        } catch {
            note(.broken(error))
            if isOpen { sendClose(error.closeCode, error.reason) }
        }
    }

    /// Called by NIO.
    public func channelInactive(context: ChannelHandlerContext) {
        if case .handshaking(let handshake) = phase { note(.handshake(handshake.ended())) }
        finish(.lost)
    }

    /// Called by NIO.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .connecting = phase { note(.unreachable(because: error)) }
        context.close(promise: nil)
    }

    /// Ends the connection because the connector could not even connect.
    func couldNotConnect(_ error: any Error) {
        finish(.unreachable(because: error))
    }

    private func fail(_ end: ConnectionEnd) {
        note(end)
        context?.close(promise: nil)
    }

    private func note(_ end: ConnectionEnd) {
        if self.end == nil { self.end = end }
    }

    private func finish(_ fallback: ConnectionEnd) {
        if case .ended = phase { return }
        phase = .ended
        stopTimeout()
        context = nil
        let delegate = delegate
        self.delegate = nil
        delegate?.ended(self, end ?? fallback)
    }

    // MARK: Timeouts

    private func startTimeout(_ duration: Duration) {
        stopTimeout()
        guard let loop = context?.eventLoop.assumeIsolated() else { return }
        timeout = loop.scheduleTask(in: .nanoseconds(duration.inNanoseconds)) { [self] in
            if case .closing = phase {} else { note(.openTimeout(settings.openTimeout)) }
            cut()
        }
    }

    private func stopTimeout() {
        timeout?.cancel()
        timeout = nil
    }

    // MARK: Events of the parser

    /// Called by the parser for each message.
    public func text(_ payload: RawSpan) -> Bool {
        guard isOpen else { return isListening }
        delegate?.received(payload, on: self)
        return isListening
    }

    /// Called by the parser; answers the ping.
    public func ping(_ payload: RawSpan) -> Bool {
        if isOpen {
            writeFrame(.pong, payload)
            flush()
            delegate?.pinged(self)
        }
        return isListening
    }

    /// Called by the parser; a pong needs no action.
    public func pong(_ payload: RawSpan) -> Bool { isListening }

    /// Called by the parser; answers with a close frame. The server closes the connection first
    /// (RFC 6455, section 7.1.1).
    public func close(_ code: CloseCode?, _ reason: RawSpan) {
        let text = reason.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        note(.closed(code, reason: text))
        if isOpen { sendClose(code) }
    }

    private var isListening: Bool {
        if case .ended = phase { false } else { true }
    }
}
