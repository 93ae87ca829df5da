import ChatCore
import NIOCore
import NIOPosix

extension RedisConnection {
    /// Connects, and checks that the server is a Redis that this program can use.
    ///
    /// `name` is what `CLIENT LIST` shows: `chatnode-<label>-<purpose>`. `then` is called once, not
    /// before this returns, and not at all if the loop ends before; it sets the connection's delegate before
    /// it returns.
    /// On: the connection's loop, which is passed in.
    /// Fails: within the sum of `Limits.passwordFileTimeout`, `redisConnectTimeout` and
    /// `redisCommandTimeout`, plus the time that the system's resolver needs for a host's name.
    static func connect(
        to address: RedisAddress,
        on loop: any EventLoop,
        credentials: RedisCredentials = .none,
        name: String,
        then: @escaping (Result<RedisConnection, RedisFault>) -> Void
    ) {
        let arrived = { (result: Result<any Channel, any Error>, credentials: RedisCredentials) in
            switch result {
            case .success(let channel):
                let handlers = channel.pipeline.syncOperations
                guard let connection = try? handlers.handler(type: RedisConnection.self) else {
                    // The channel has been closed already, so its handlers were removed.
                    return then(.failure(.notRedis(.hungUp)))
                }
                RedisHandshake(on: connection, then: then).begin(credentials, name: name)
            case .failure(let error):
                then(.failure(RedisFault(connecting: error)))
            }
        }
        // In a task of its own: otherwise a failure at once would call `then` before this returns.
        loop.assumeIsolated().execute {
            credentials.renewed(on: loop) { credentials in
                channel(to: address, on: loop).assumeIsolated().whenComplete {
                    arrived($0, credentials)
                }
            }
        }
    }

    private static func channel(
        to address: RedisAddress,
        on loop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(Limits.redisConnectTimeout.inNanoseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.maxMessagesPerRead, value: UInt(Limits.redisReadsPerTurn))
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: Limits.redisReadBufferMinimumBytes,
                    initial: Limits.redisReadBufferMinimumBytes,
                    maximum: Limits.redisReadBufferMaximumBytes
                )
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = RedisConnection(loop: channel.eventLoop)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        // An IP address needs no resolver, which would run on another thread.
        guard let ip = try? SocketAddress(ipAddress: address.host, port: address.port) else {
            return bootstrap.connect(host: address.host, port: address.port)
        }
        return bootstrap.connect(to: ip)
    }
}
