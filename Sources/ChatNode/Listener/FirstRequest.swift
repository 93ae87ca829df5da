import ChatCore
import NIOCore

/// What a new connection meets: the request that opens a WebSocket, in the way that nearly all
/// clients have of writing it, becomes one at once. Any other beginning goes to the HTTP parser of
/// the `Entrance`, unchanged.
///
/// It decides nothing that the entrance would decide otherwise: it only spares most connections an
/// HTTP parser, which costs more than accepting them does.
/// On: the connection's loop.
final class FirstRequest: ChannelInboundHandler, RemovableChannelHandler, SlotOccupant {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let shard: Shard
    private var id: SocketID?
    private var context: ChannelHandlerContext?
    /// By then the request is complete, or the connection is cut.
    private let deadline: Instant
    /// What has come of it, and in how many reads.
    private var beginning: ByteBuffer?
    private var reads = 0
    /// The connection is somebody else's. Still in front of it, this one only passes on: what goes out
    /// meanwhile may make the channel read what is left, and close.
    private var hasLeft = false

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
        guard let id else { return }
        let bytes = append(unwrapInboundIn(data))
        switch OpeningRequest.read(bytes.readableBytesSpan) {
        case .incomplete where reads < Limits.openingReads:
            beginning = bytes
        case .whole(let request) where admits(request, in: bytes):
            open(request, in: bytes, id, context)
        case .incomplete, .whole, .other:
            leave(to: Entrance(id: id, shard: shard, deadline: deadline), with: bytes, context)
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

extension FirstRequest {
    private func append(_ bytes: ByteBuffer) -> ByteBuffer {
        reads += 1
        guard var whole = beginning.take() else { return bytes }
        whole.writeImmutableBuffer(bytes)
        return whole
    }

    /// Whether nothing stands against it here and now. Who is refused hears why from the entrance.
    private func admits(_ request: OpeningRequest, in bytes: ByteBuffer) -> Bool {
        guard !shard.isDraining, !shard.isFull else { return false }
        guard let origin = request.origin else { return true }
        return shard.settings.origins.admits(
            origin: [bytes.text(at: origin)],
            host: bytes.text(at: request.host)
        )
    }

    private func open(
        _ request: OpeningRequest,
        in bytes: ByteBuffer,
        _ id: SocketID,
        _ context: ChannelHandlerContext
    ) {
        let connection = Connection(id: id, shard: shard)
        let answer = Handshake.answer(to: request, in: bytes.readableBytesSpan)
        guard connection.install(behind: context) else { return }
        hasLeft = true
        connection.begin(with: answer)
        let rest = bytes.dropFirst(request.length)
        if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func leave(
        to entrance: Entrance,
        with bytes: ByteBuffer,
        _ context: ChannelHandlerContext
    ) {
        do {
            try entrance.install(in: context.pipeline)
        } catch {
            return context.close(promise: nil)
        }
        hasLeft = true
        context.fireChannelRead(wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}

extension ByteBuffer {
    /// The bytes at a range of the readable ones.
    fileprivate func text(at range: Range<Int>) -> String {
        getString(at: readerIndex + range.lowerBound, length: range.count) ?? ""
    }

    fileprivate func dropFirst(_ count: Int) -> ByteBuffer {
        var rest = self
        rest.moveReaderIndex(forwardBy: count)
        return rest
    }
}
