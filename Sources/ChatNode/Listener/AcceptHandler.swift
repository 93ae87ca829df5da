import ChatCore
import NIOCore

/// Gives each accepted connection its first handler, on its loop, and starts it.
///
/// The bootstrap's own handler for that comes after this one and is bypassed: it makes a chain of
/// futures for each connection (16,000 instructions, a tenth of a connection's whole cost), and
/// goes to the connection's loop and back before the connection may go there to start.
final class AcceptHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let hub: Hub

    init(hub: Hub) {
        self.hub = hub
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        if channel.eventLoop === context.eventLoop {
            Self.equip(channel, hub)
        } else {
            channel.eventLoop.execute { [hub] in Self.equip(channel, hub) }
        }
        // Runs next on the connection's loop: registers the connection, or closes it if that fails.
        guard let listener = context.channel as? any ChannelCore else {
            return context.fireChannelRead(data)
        }
        listener.channelRead0(data)
    }

    /// On: the connection's loop, before the connection is registered with it.
    private static func equip(_ channel: any Channel, _ hub: Hub) {
        let shard = hub.shard(on: channel.eventLoop)
        guard !shard.isDraining else { return channel.close(promise: nil) }
        do {
            try channel.syncOptions?.setOption(.recvAllocator, value: ReadBufferSize())
            try channel.pipeline.syncOperations.addHandler(UpgradeFastPath(shard: shard))
        } catch {
            channel.close(promise: nil)
        }
    }
}
