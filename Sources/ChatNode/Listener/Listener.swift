import ChatCore
import NIOCore
import NIOPosix

/// Takes clients' connections and gives each its loop.
enum Listener {
    static func bind(
        host: String,
        port: Int,
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
                    try channel.pipeline.syncOperations.addHandler(pause)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .socketOption(.so_sndbuf),
                value: SocketOptionValue(Limits.socketSendBufferBytes)
            )
            .childChannelOption(.maxMessagesPerRead, value: UInt(Limits.readsPerTurn))
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: Limits.readBufferMinimumBytes,
                    initial: Limits.readBufferMinimumBytes,
                    maximum: Limits.readBufferMaximumBytes
                )
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Entrance(shard: hub.shard(on: channel.eventLoop)).install(in: channel)
                }
            }
            .bind(host: host, port: port)
            .get()
    }
}
