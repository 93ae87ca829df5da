import ChatCore
import NIOCore
import NIOPosix

/// Takes clients' connections and gives each its loop.
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
                    try channel.pipeline.syncOperations.addHandlers(pause, Reception(hub: hub))
                }
            }
            // Linux hands these two on to every connection it accepts; a call for each is saved.
            .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .serverChannelOption(
                .socketOption(.so_sndbuf),
                value: SocketOptionValue(Limits.socketSendBufferBytes)
            )
            .bind(to: address)
            .get()
    }
}
