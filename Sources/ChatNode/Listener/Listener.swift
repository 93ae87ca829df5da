import ChatCore
import NIOCore
import NIOPosix

/// Accepts clients' connections and gives each a loop.
enum Listener {
    static func bind(
        to address: SocketAddress,
        group: MultiThreadedEventLoopGroup,
        hub: Hub
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(Limits.acceptBacklog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: UInt(Limits.acceptsPerTurn))
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let metrics = hub.shard(on: channel.eventLoop).metrics
                    let pause = AcceptPause { metrics.acceptPaused() }
                    try channel.pipeline.syncOperations.addHandlers(pause, AcceptHandler(hub: hub))
                }
            }
            // Linux passes these two options on to every connection it accepts, which saves a call
            // for each.
            .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .serverChannelOption(
                .socketOption(.so_sndbuf),
                value: SocketOptionValue(Limits.socketSendBufferBytes)
            )
            .bind(to: address)
            .get()
    }
}
