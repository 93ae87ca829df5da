import ChatCore
import ChatSupport
import NIOCore

/// The first handler of a new connection: a request for a WebSocket that is written as nearly all
/// clients write it is upgraded at once. Any other beginning goes unchanged to the HTTP parser of
/// the `HTTPHandler`.
///
/// It decides nothing differently from the `HTTPHandler`: it only spares most connections an HTTP
/// parser, which costs more than to accept them does.
/// On: the connection's loop.
final class UpgradeFastPath: ChannelInboundHandler, RemovableChannelHandler, SlotOccupant {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let shard: Shard
    private var id: SocketID?
    private var context: ChannelHandlerContext?
    /// When the connection is cut if the request is not complete, or the client does not close it after it
    /// was refused.
    private var deadline: Instant
    /// The bytes of the request that have come so far, and in how many reads.
    private var beginning: ByteBuffer?
    private var reads = 0
    /// Whether another handler has taken the connection over. While this one is still in front of
    /// that, it only passes on: an outgoing write meanwhile may make the channel read what is left,
    /// and close.
    private var hasLeft = false
    /// Whether the request was refused: what still comes is discarded.
    private var isRefused = false

    init(shard: Shard) {
        self.shard = shard
        deadline = Clock.now + shard.settings.handshakeTimeout
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let id = shard.admit(self)
        self.id = id
        shard.remind(id, at: deadline)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !hasLeft else { return context.fireChannelInactive() }
        if let id { shard.vacate(id) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasLeft else { return context.fireChannelRead(data) }
        guard let id, !isRefused else { return }
        let bytes = append(unwrapInboundIn(data))
        switch OpeningRequest.read(bytes.readableBytesSpan) {
        case .incomplete where reads < Limits.openingReads:
            beginning = bytes
        case .whole(let request):
            decide(on: request, in: bytes, id, context)
        case .incomplete, .other:
            leave(with: bytes, id, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !hasLeft else { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }

    // MARK: The slot

    func remind(now: Instant) {
        guard now < deadline else { return cut() }
        if let id { shard.remind(id, at: deadline) }
    }

    func drain() { cut() }

    func cut() {
        context?.close(promise: nil)
    }
}

// MARK: - The request

extension UpgradeFastPath {
    private func append(_ bytes: ByteBuffer) -> ByteBuffer {
        reads += 1
        guard var whole = beginning.take() else { return bytes }
        whole.writeImmutableBuffer(bytes)
        return whole
    }

    /// Opens a WebSocket if the request is accepted; otherwise tells the client why. Neither needs an HTTP
    /// parser, because a node that is full or crowded refuses thousands at once.
    private func decide(
        on request: OpeningRequest,
        in bytes: ByteBuffer,
        _ id: SocketID,
        _ context: ChannelHandlerContext
    ) {
        do throws(Admission.Refusal) {
            let acceptance = try shard.settings.admission.decide(
                on: request,
                in: bytes.readableBytesSpan,
                isFull: shard.isFull
            )
            try shard.letIn()
            open(after: acceptance, bytes.dropFirst(request.length), id, context)
        } catch {
            refuse(error, id, context)
        }
    }

    private func refuse(
        _ refusal: Admission.Refusal,
        _ id: SocketID,
        _ context: ChannelHandlerContext
    ) {
        shard.metrics.handshake(HandshakeResult(refusal))
        isRefused = true
        let answer = HTTPResponse(refusal).encode(
            keepAlive: false,
            isHead: false,
            allocator: context.channel.allocator
        )
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { [self] in
            self.context?.close(mode: .output, promise: nil)
            // The client closes next, or is cut in time.
            deadline = Clock.now + Limits.lingerTimeout
            shard.remind(id, at: deadline)
        }
        context.writeAndFlush(wrapOutboundOut(answer), promise: written)
    }

    /// Becomes a WebSocket; `rest` is what came after the request.
    private func open(
        after acceptance: Admission.Acceptance,
        _ rest: ByteBuffer,
        _ id: SocketID,
        _ context: ChannelHandlerContext
    ) {
        let dialect = Dialect(subprotocol: acceptance.subprotocol)
        let connection = Connection(id: id, dialect: dialect, shard: shard)
        guard connection.install(behind: context) else { return }
        hasLeft = true
        connection.begin(with: acceptance.answer)
        if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func leave(
        with bytes: ByteBuffer,
        _ id: SocketID,
        _ context: ChannelHandlerContext
    ) {
        let httpHandler = HTTPHandler(id: id, shard: shard, deadline: deadline)
        do {
            try httpHandler.install(in: context.pipeline)
        } catch {
            return context.close(promise: nil)
        }
        hasLeft = true
        context.fireChannelRead(wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}

extension ByteBuffer {
    /// Returns the bytes after the first ones.
    fileprivate func dropFirst(_ count: Int) -> ByteBuffer {
        var rest = self
        rest.moveReaderIndex(forwardBy: count)
        return rest
    }
}
