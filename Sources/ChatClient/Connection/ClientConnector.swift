import ChatCore
public import NIOCore
import NIOPosix

/// The settings for a client's connections.
public struct ClientSettings: Sendable {
    /// The time for the TCP connection and the handshake together.
    public var openTimeout = Limits.openTimeout
    /// The time from the client's close frame to the end of the connection; after it the connection
    /// is cut.
    public var closeTimeout = Limits.closeTimeout
    /// The longest accepted message; a longer one closes with 1009.
    public var maxMessageBytes = Limits.heardBytes
    /// The longest message that a `ChatClient` sends: the nodes' limit, after which they close with 1009.
    public var maxSentBytes = Limits.messageBytes
    /// The subprotocol that the server has to pick, such as `chat.v1`; nil for the plain dialect.
    public var subprotocol: String?
    /// Further header fields of the handshake, such as `Origin`.
    public var headers: [(name: String, value: String)] = []

    /// Makes the default settings.
    public init() {}
}

/// Opens connections on one event loop; they share a read buffer. On: that loop, everything.
public final class ClientConnector {
    /// Where a connection goes.
    public enum Target {
        /// The host of the URL, at whichever of its addresses answers first.
        case host
        /// An address that was looked up before.
        case address(SocketAddress)
    }

    private let loop: any EventLoop
    private let settings: ClientSettings
    private let readBuffer = SharedReadBuffer()
    private let generator: any RandomNumberGenerator

    /// Makes a connector. Each connection draws its masking keys from a copy of the generator,
    /// which must not be predictable if other parties' proxies are in between (RFC 6455, section
    /// 10.3).
    public init(
        on loop: any EventLoop,
        settings: ClientSettings = ClientSettings(),
        generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        loop.preconditionInEventLoop()
        self.loop = loop
        self.settings = settings
        self.generator = generator
    }

    /// Opens a connection and reports its events to the delegate. A source address may be given,
    /// because a machine has some 28,000 ports for each of its addresses.
    @discardableResult
    public func connect(
        to url: ChatURL,
        _ target: Target = .host,
        from source: SocketAddress? = nil,
        delegate: any ClientConnectionDelegate
    ) -> ClientConnection {
        let connection = ClientConnection(
            url: url,
            settings: settings,
            readBuffer: readBuffer,
            generator: generator,
            delegate: delegate
        )
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let bootstrap = bootstrap(from: source).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(bound.value)
            }
        }
        let connected =
            switch target {
            case .host: bootstrap.connect(host: url.host, port: url.port)
            case .address(let address): bootstrap.connect(to: address)
            }
        connected.whenFailure { bound.value.couldNotConnect($0) }
        return connection
    }

    private func bootstrap(from source: SocketAddress?) -> ClientBootstrap {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(settings.openTimeout.inNanoseconds))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: readBuffer.allocator(on: loop))
        guard let source else { return bootstrap }
        // IP_BIND_ADDRESS_NO_PORT (ip(7)): the port is chosen when the other end is known, so that
        // it may be used once for each other end. The name is missing in Glibc's module.
        let addressOnly = ChannelOptions.Types.SocketOption(level: .ip, name: .init(rawValue: 24))
        return bootstrap.channelOption(addressOnly, value: 1).bind(to: source)
    }
}
