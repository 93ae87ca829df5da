import ChatCore
import NIOCore
import NIOPosix

extension RedisConnection {
    /// Connects, and makes sure that a Redis answers which will do.
    ///
    /// `name` is what `CLIENT LIST` shows: `chatnode-<label>-<purpose>`. `then` is called once, not
    /// before this returns; it sets `onClosed` and `onPush` before it returns.
    /// On: the loop that the connection shall live on.
    /// Fails: within `Limits.passwordFileTimeout`, `redisConnectTimeout` and `redisCommandTimeout` together,
    /// a host's name apart, which is looked up first and takes what the system's resolver takes.
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
                    // It has been closed already, and so has no handlers any more.
                    return then(.failure(.notRedis(.hungUp)))
                }
                RedisHandshake(on: connection, then: then).begin(credentials, name: name)
            case .failure(let error):
                then(.failure(RedisFault(connecting: error)))
            }
        }
        // In a task, because what fails at once would call back at once.
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
        // An address needs no resolver, which would ask on another thread.
        guard let ip = try? SocketAddress(ipAddress: address.host, port: address.port) else {
            return bootstrap.connect(host: address.host, port: address.port)
        }
        return bootstrap.connect(to: ip)
    }
}
