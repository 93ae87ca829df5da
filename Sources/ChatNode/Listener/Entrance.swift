import ChatCore
import NIOCore
import NIOHTTP1

/// Plain HTTP, until one of a connection's requests becomes a WebSocket: what a connection meets
/// whose `FirstRequest` was not simply that.
///
/// Any request of a connection may be upgraded, not only the first: balancers send health checks
/// and pages over connections that they use again. On: the connection's loop.
final class Entrance: ChannelInboundHandler, RemovableChannelHandler, SlotOccupant {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let id: SocketID
    private let shard: Shard
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    /// By then the next request is complete, or the connection is cut.
    private var deadline: Instant
    /// The last answer is on its way: what comes in is thrown away.
    private var isClosing = false
    private var isAnswering = false
    private var hasUpgraded = false

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
        // On its way out of the pipeline, it still stands in front of the connection.
        guard !hasUpgraded else { return context.fireChannelInactive() }
        shard.vacate(id)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing, !hasUpgraded else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard !head.hasBody else { return answer(.noBody, to: head) }
            self.head = head
        case .body:
            break
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: head)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !hasUpgraded else { return context.fireErrorCaught(error) }
        guard !isClosing, let error = error as? HTTPParserError else {
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

extension Entrance {
    private func respond(to head: HTTPRequestHead) {
        let path = head.path
        let isUpgrade = Handshake.isUpgrade(headers: head.field)
        guard path != "/" && path != "/ws" || !isUpgrade else { return upgrade(head) }
        switch head.method {
        case .GET, .HEAD: answer(response(for: path), to: head)
        case .OPTIONS: answer(options(of: path), to: head)
        default: answer(.onlyGet, to: head)
        }
    }

    /// The answer to `OPTIONS`, with which HAProxy asks for a server's health unless it is told
    /// otherwise.
    private func options(of path: Substring) -> HTTPResponse {
        switch path {
        case "*", "/", "/ws", "/healthz": .options
        case "/readyz": .options(readiness: shard.settings.state)
        default: .nothingHere
        }
    }

    private func response(for path: Substring) -> HTTPResponse {
        switch path {
        case "/":
            return HTTPResponse(page: Page.content, headers: Page.headers)
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
            return .nothingHere
        }
    }

    private func upgrade(_ head: HTTPRequestHead) {
        let origin = head.headers["origin"]
        guard shard.settings.origins.admits(origin: origin, host: head.host) else {
            shard.metrics.handshake(.forbiddenOrigin)
            return answer(.forbidden(origin: origin), to: head)
        }
        guard !shard.isDraining, !shard.isFull else {
            shard.metrics.handshake(.full)
            let later = HTTPResponse(
                .serviceUnavailable,
                "no more connections are taken at present",
                headers: [("Retry-After", "5")]
            )
            return answer(later, to: head)
        }
        do {
            let answer = try Handshake.check(
                method: head.method.rawValue,
                version: (head.version.major, head.version.minor),
                headers: head.field
            )
            become(webSocketWith: answer)
        } catch {
            refuse(error, head)
        }
    }

    private func refuse(_ error: HandshakeError, _ head: HTTPRequestHead) {
        shard.metrics.handshake(.invalid)
        let status = HTTPResponseStatus(statusCode: error.status)
        answer(HTTPResponse(status, error.reason, headers: error.fields), to: head)
    }

    private func become(webSocketWith greeting: [UInt8]) {
        guard let context else { return }
        let connection = Connection(id: id, shard: shard)
        guard connection.install(behind: context) else { return }
        hasUpgraded = true
        connection.begin(with: greeting)
        // What the client sent right behind its request goes from the decoder to the connection.
        let pipeline = context.pipeline.syncOperations
        pipeline.removeHandler(self, promise: nil)
        pipeline.removeHandler(decoder, promise: nil)
    }
}

// MARK: - Answers

extension Entrance {
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
        isClosing = !staysOpen
        isAnswering = true
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.answered() }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
        // A client too slow for one page gets no second one on this connection: what it asks for
        // next would have to wait here.
        if isAnswering { isClosing = true }
    }

    private func answered() {
        isAnswering = false
        if isClosing { finish() }
    }

    /// The last answer has left. The client closes next, or is cut in time.
    private func finish() {
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
