import ChatCore
import ChatSupport
import NIOCore
import NIOHTTP1
import Synchronization

/// Answers what operators may ask a node.
final class AdminService: Sendable {
    private let state: NodeState
    private let metrics: MetricsRegistry
    /// Carries out removals; nil: they are not offered.
    private let remove: Removing?
    private let connections = Atomic<Int>(0)
    private let removals = Mutex(Removals())

    /// The removals that are asked for on a loop of clients.
    private struct Removals {
        var unanswered = 0
        /// Whether no more are begun.
        var isStopped = false
    }

    /// Takes a message back; called on any thread.
    typealias Removing =
        @Sendable (RemovalRequest) -> EventLoopFuture<BrokerClient.Moderation>

    init(state: NodeState, metrics: MetricsRegistry, remove: Removing?) {
        self.state = state
        self.metrics = metrics
        self.remove = remove
    }

    /// Counts one more connection, and returns how many there are.
    fileprivate func enter() -> Int {
        connections.add(1, ordering: .relaxed).newValue
    }

    fileprivate func leave() {
        connections.subtract(1, ordering: .relaxed)
    }

    /// Answers a request: at once, or when what it asks for is done, on a loop of clients.
    fileprivate func answer(
        to head: HTTPRequestHead,
        on loop: any EventLoop
    ) -> EventLoopFuture<HTTPResponse> {
        guard let remove, head.method == .DELETE, head.path.hasPrefix(RemovalRequest.folder) else {
            return loop.makeSucceededFuture(response(to: head))
        }
        guard let request = RemovalRequest(head) else {
            return loop.makeSucceededFuture(.nothingHere)
        }
        let isStopped = removals.withLock { removals in
            if !removals.isStopped { removals.unanswered += 1 }
            return removals.isStopped
        }
        guard !isStopped else {
            let outcome = BrokerClient.Moderation.unavailable(reason: BrokerClient.lostTouch)
            return loop.makeSucceededFuture(HTTPResponse(outcome))
        }
        let answer = remove(request).map { HTTPResponse($0) }.hop(to: loop)
        answer.whenComplete { _ in self.removals.withLock { $0.unanswered -= 1 } }
        return answer
    }

    /// The time between two looks at whether all removals are answered.
    private static let poll = Duration.milliseconds(20)

    /// Begins no more removals, and waits until those that were begun are answered: the answer to a loop that
    /// has ended would be dropped. Waits for `Limits.adminTimeout` at most, when each has been cut off.
    func stop() async {
        removals.withLock { $0.isStopped = true }
        let deadline = Clock.now + Limits.adminTimeout
        while removals.withLock({ $0.unanswered > 0 }), Clock.now < deadline {
            try? await Task.sleep(for: Self.poll)
        }
    }

    private func response(to head: HTTPRequestHead) -> HTTPResponse {
        switch head.method {
        case .GET, .HEAD: response(for: head.path)
        case .OPTIONS: options(of: head.path)
        default: .onlyGet
        }
    }

    private func options(of path: Substring) -> HTTPResponse {
        switch path {
        case "*", "/metrics", "/healthz": .options
        case "/readyz": .options(readiness: state)
        default: .nothingHere
        }
    }

    private func response(for path: Substring) -> HTTPResponse {
        switch path {
        case "/metrics":
            var response = HTTPResponse(.ok, "")
            response.contentType = Exposition.contentType
            response.body = ByteBuffer(string: metrics.scrape())
            return response
        case "/healthz": return .alive
        case "/readyz": return .readiness(of: state)
        default: return .nothingHere
        }
    }
}

/// One operator's connection: reads one request, answers it, and closes.
///
/// On: its loop.
final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let service: AdminService
    private var head: HTTPRequestHead?
    /// Whether the request is answered; later input is discarded.
    private var isAnswered = false
    /// The timer that cuts the connection.
    private var end: Scheduled<Void>?

    init(_ service: AdminService) {
        self.service = service
    }

    func channelActive(context: ChannelHandlerContext) {
        let count = service.enter()
        // Even an answer occupies a descriptor for a while, and clients need those.
        guard count <= 2 * Limits.adminConnections else { return context.close(promise: nil) }
        cut(context, after: Limits.adminTimeout)
        guard count <= Limits.adminConnections else {
            let sentence = "more than \(Limits.adminConnections) are asking; try again in a moment"
            return answer(HTTPResponse(.serviceUnavailable, sentence), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end?.cancel()
        service.leave()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head) where head.hasBody: answer(.noBody, context)
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            isAnswered = true
            let response = service.answer(to: head, on: context.eventLoop).assumeIsolated()
            response.whenSuccess { self.answer($0, context) }
            response.whenFailure { _ in context.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isAnswered, let error = error as? HTTPParserError else {
            return context.close(promise: nil)
        }
        answer(HTTPResponse(error), context)
    }

    private func answer(_ response: HTTPResponse, _ context: ChannelHandlerContext) {
        isAnswered = true
        let buffer = response.encode(
            keepAlive: false,
            isHead: head?.method == .HEAD,
            allocator: context.channel.allocator
        )
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess {
            // To close with unread input would reset the connection, and destroy the answer on its
            // way.
            context.close(mode: .output, promise: nil)
            self.cut(context, after: Limits.lingerTimeout)
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
    }

    private func cut(_ context: ChannelHandlerContext, after time: Duration) {
        end?.cancel()
        let time = TimeAmount.nanoseconds(time.inNanoseconds)
        end = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            context.close(promise: nil)
        }
    }
}
