import ChatCore
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a node at its operators' address, as a command does.
enum AdminClient {
    /// Sends a request without a body, and returns the answer.
    ///
    /// Fails: if there is no node, or none that answers within `Limits.adminTimeout`.
    static func ask(
        _ method: HTTPMethod,
        _ target: String,
        at place: AdminPlace
    ) async throws -> (status: HTTPResponseStatus, text: String) {
        let group = MultiThreadedEventLoopGroup.singleton
        let answer = group.next().makePromise(of: (HTTPResponseStatus, String).self)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(.nanoseconds(Limits.openTimeout.inNanoseconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(AnswerReader(answer))
                }
            }
        let channel: any Channel
        do {
            channel =
                switch place {
                case .unix(let path, _):
                    try await bootstrap.connect(unixDomainSocketPath: path).get()
                case .tcp(let host, let port):
                    try await bootstrap.connect(host: host, port: port).get()
                }
        } catch {
            answer.fail(error)
            throw error
        }
        let head = HTTPRequestHead(
            version: .http1_1,
            method: method,
            uri: target,
            headers: ["Host": "localhost"]
        )
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        let patience = channel.eventLoop.scheduleTask(
            in: .nanoseconds(Limits.adminTimeout.inNanoseconds)
        ) { answer.fail(ChannelError.connectTimeout(.zero)) }
        defer {
            patience.cancel()
            channel.close(promise: nil)
        }
        return try await answer.futureResult.get()
    }
}

/// Collects one answer.
///
/// On: its loop.
private final class AnswerReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let answer: EventLoopPromise<(HTTPResponseStatus, String)>
    private var status = HTTPResponseStatus.internalServerError
    private var text = ""

    init(_ answer: EventLoopPromise<(HTTPResponseStatus, String)>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status
        case .body(let bytes): text += String(buffer: bytes)
        case .end: answer.succeed((status, text))
        }
    }

    func channelInactive(context: ChannelHandlerContext) { answer.fail(ChannelError.eof) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }
}
