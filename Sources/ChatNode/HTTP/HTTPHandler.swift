import ChatCore
import ChatSupport
import NIOCore
import NIOHTTP1

/// Answers plain HTTP until one of a connection's requests becomes a WebSocket. A connection gets
/// this handler if its `UpgradeFastPath` does not read its first request.
///
/// Any request of a connection may be upgraded, not only the first: balancers send health checks
/// and pages over connections that they use again. On: the connection's loop.
final class HTTPHandler: ChannelInboundHandler, RemovableChannelHandler, SlotOccupant {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let id: SocketID
    private let shard: Shard
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var context: ChannelHandlerContext?
    private var phase = Phase.reading(nil)
    /// When the connection is cut if the next request is not complete.
    private var deadline: Instant

    private enum Phase {
        /// A request is being read, of which the head may be there.
        case reading(HTTPRequestHead?)
        /// An answer is on its way; after it, another request is read or the connection ends.
        case answering(isLast: Bool)
        /// The last answer has left; input is discarded.
        case closing
        /// The connection has become a WebSocket.
        case upgraded
    }

    /// For a connection that has its place already, and a deadline.
    init(id: SocketID, shard: Shard, deadline: Instant) {
        self.id = id
        self.shard = shard
        self.deadline = deadline
        decoder = ByteToMessageHandler(.limited(leftOverBytesStrategy: .forwardBytes))
    }

    /// Puts itself and its decoder at the end of a connection's pipeline.
    func install(in pipeline: ChannelPipeline) throws {
        try pipeline.syncOperations.addHandlers([decoder, self])
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shard.replace(id, with: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        // On its way out of the pipeline, it is still in front of the connection.
        if case .upgraded = phase { return context.fireChannelInactive() }
        shard.vacate(id)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .reading(let read) = phase else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard !head.hasBody else { return answer(.noBody, to: head) }
            phase = .reading(head)
        case .body:
            break
        case .end:
            guard let read else { return }
            phase = .reading(nil)
            respond(to: read)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .upgraded = phase { return context.fireErrorCaught(error) }
        guard case .reading = phase, let error = error as? HTTPParserError else {
            return context.close(promise: nil)
        }
        answer(HTTPResponse(error), to: nil)
    }

    // MARK: The slot

    func remind(now: Instant) {
        guard now < deadline else { return cut() }
        shard.remind(id, at: deadline)
    }

    func drain() { cut() }

    func cut() {
        context?.close(promise: nil)
    }
}

// MARK: - Requests

extension HTTPHandler {
    private func respond(to head: HTTPRequestHead) {
        let path = head.path
        let isUpgrade = Handshake.isUpgrade(headers: head.field)
        guard path != "/" && path != "/ws" || !isUpgrade else { return upgrade(head) }
        switch head.method {
        case .GET, .HEAD: answer(response(to: head, path), to: head)
        case .OPTIONS: answer(options(of: path), to: head)
        default: answer(.onlyGet, to: head)
        }
    }

    /// The answer to `OPTIONS`, with which HAProxy asks for a server's health unless it is told
    /// otherwise.
    private func options(of path: Substring) -> HTTPResponse {
        switch path {
        case "*", "/ws", "/healthz": .options
        case "/readyz": .options(readiness: shard.settings.state)
        default: PageFile.at(path) == nil ? .nothingHere : .options
        }
    }

    private func response(to head: HTTPRequestHead, _ path: Substring) -> HTTPResponse {
        switch path {
        case "/ws":
            return HTTPResponse(
                .upgradeRequired,
                "This is the address of a WebSocket; the page is at /. If a proxy stands in"
                    + " between, it must pass the headers Upgrade and Connection on.",
                headers: [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
            )
        case "/healthz":
            return .alive
        case "/readyz":
            return .readiness(of: shard.settings.state)
        default:
            return PageFile.at(path)?.response(ifNoneMatch: head.field("if-none-match"))
                ?? .nothingHere
        }
    }

    private func upgrade(_ head: HTTPRequestHead) {
        do throws(Admission.Refusal) {
            let acceptance = try shard.settings.admission.decide(
                method: head.method.rawValue,
                version: (head.version.major, head.version.minor),
                host: head.host,
                headers: head.field,
                isFull: shard.isFull
            )
            try shard.letIn()
            become(webSocketAfter: acceptance)
        } catch {
            shard.metrics.handshake(HandshakeResult(error))
            answer(HTTPResponse(error), to: head)
        }
    }

    private func become(webSocketAfter acceptance: Admission.Acceptance) {
        guard let context else { return }
        let dialect = Dialect(subprotocol: acceptance.subprotocol)
        let connection = Connection(id: id, dialect: dialect, shard: shard)
        guard connection.install(behind: context) else { return }
        phase = .upgraded
        connection.begin(with: acceptance.answer)
        // What the client sent right behind its request goes from the decoder to the connection.
        let pipeline = context.pipeline.syncOperations
        pipeline.removeHandler(self, promise: nil)
        pipeline.removeHandler(decoder, promise: nil)
    }
}

// MARK: - Answers

extension HTTPHandler {
    /// Answers a request; one that could not even be read is nil, and ends the connection.
    private func answer(_ response: HTTPResponse, to head: HTTPRequestHead?) {
        guard let context else { return }
        // The decoder has stopped for good behind any request that wanted another protocol.
        let keepAlive = head.map { $0.isKeepAlive && !$0.headers.contains(name: "upgrade") }
        let staysOpen = keepAlive == true && response.status.code < 400
        let buffer = response.encode(
            keepAlive: staysOpen,
            isHead: head?.method == .HEAD,
            allocator: context.channel.allocator
        )
        deadline = Clock.now + shard.settings.handshakeTimeout
        phase = .answering(isLast: !staysOpen)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.answered() }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
        // A client too slow for one answer gets no second one on this connection: what it asks for
        // next would have to wait here.
        if case .answering = phase { phase = .answering(isLast: true) }
    }

    private func answered() {
        guard case .answering(let isLast) = phase else { return }
        if isLast { finish() } else { phase = .reading(nil) }
    }

    /// Ends the connection after the last answer: the client closes next, or is cut in time.
    private func finish() {
        phase = .closing
        guard let context else { return }
        context.close(mode: .output, promise: nil)
        deadline = Clock.now + Limits.lingerTimeout
        shard.remind(id, at: deadline)
    }
}

extension HTTPRequestHead {
    /// The values of a header's lines, in order.
    fileprivate func field(_ name: String) -> [String] {
        headers[name]
    }
}
