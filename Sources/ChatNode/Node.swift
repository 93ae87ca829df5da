import ChatCore
import Logging
import NIOCore
import NIOPosix

/// One node: what starts, in which order, and in which order it leaves and stops.
final class Node: Sendable {
    /// What became of the clients of a node that left.
    struct Farewell: Sendable {
        let closed: Int
        let forced: Int
    }

    let state: NodeState
    /// Where clients connect.
    let address: SocketAddress
    let loopCount: Int
    private let configuration: Configuration
    private let group: MultiThreadedEventLoopGroup
    let hub: Hub
    private let listener: any Channel
    private let log: Logger

    private init(
        configuration: Configuration,
        state: NodeState,
        group: MultiThreadedEventLoopGroup,
        loopCount: Int,
        hub: Hub,
        listener: any Channel,
        address: SocketAddress,
        log: Logger
    ) {
        self.configuration = configuration
        self.state = state
        self.group = group
        self.loopCount = loopCount
        self.hub = hub
        self.listener = listener
        self.address = address
        self.log = log
    }

    /// Starts a node; when it is there, it is ready.
    static func start(_ configuration: Configuration, log: Logger) async throws -> Node {
        let loopCount = configuration.loops ?? System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        do {
            let state = NodeState(label: configuration.label)
            let hub = try await makeHub(configuration, state, group, log)
            let listener = try await Listener.bind(
                host: configuration.host,
                port: configuration.port,
                group: group,
                hub: hub
            )
            guard let address = listener.localAddress else {
                preconditionFailure("a bound listener has an address")
            }
            state.readiness = .ready
            log.info("ready", metadata: ["node": "\(state.label)", "address": "\(address)"])
            return Node(
                configuration: configuration,
                state: state,
                group: group,
                loopCount: loopCount,
                hub: hub,
                listener: listener,
                address: address,
                log: log
            )
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func makeHub(
        _ configuration: Configuration,
        _ state: NodeState,
        _ group: MultiThreadedEventLoopGroup,
        _ log: Logger
    ) async throws -> Hub {
        var random = SystemRandomNumberGenerator()
        let incarnation = Incarnation(using: &random)
        let settings = configuration.shardSettings(state, incarnation, log)
        let retention = Store.Retention(messages: configuration.history)
        let loops = Array(group.makeIterator())
        guard let home = loops.first else { preconditionFailure("a group has a loop") }
        let broker = try await home.submit {
            NIOLoopBound(
                MemoryBroker(loop: home, incarnation: incarnation, retention: retention),
                eventLoop: home
            )
        }.get()
        let hub = try await Hub.make(loops: loops) { loop in
            Shard(loop: loop, settings: settings, port: MemoryPort(loop: loop, broker: broker))
        }
        try await home.submit { broker.value.deliver(to: hub.shards) }.get()
        return hub
    }
}

// MARK: - Leaving

extension Node {
    /// How often the number of those still there is looked at.
    private static let drainPoll = Duration.milliseconds(20)

    /// Leaves: says so to the balancer, closes every client, spread out, and waits until they are
    /// gone, at most for the drain timeout; then stops.
    func leave() async throws -> Farewell {
        let before = state.connections
        state.readiness = .draining
        log.info("draining", metadata: ["clients": "\(before)"])
        try await Task.sleep(for: configuration.drainDelay)
        let clients = state.connections
        try? await listener.close()
        hub.onEach { $0.drain() }
        let deadline = Clock.now + configuration.drainTimeout
        while state.connections > 0, Clock.now < deadline {
            try await Task.sleep(for: Self.drainPoll)
        }
        return try await stop(clients: clients)
    }

    private func stop(clients: Int) async throws -> Farewell {
        let forced = try await hub.fromEach { shard in
            defer { shard.stop() }
            return shard.cutAll()
        }.reduce(0, +)
        try await group.shutdownGracefully()
        log.info("stopped", metadata: ["closed": "\(clients - forced)", "forced": "\(forced)"])
        return Farewell(closed: clients - forced, forced: forced)
    }
}

extension Configuration {
    /// The label in `logged_in`. A port that the system chooses is not known yet when the first
    /// loop is made, and two such nodes on one host are told apart by their processes.
    var label: String {
        if let nodeID { return nodeID }
        return port == 0 ? "\(host):pid\(getpid())" : "\(host):\(port)"
    }

    func shardSettings(
        _ state: NodeState,
        _ incarnation: Incarnation,
        _ log: Logger
    ) -> ShardSettings {
        ShardSettings(
            incarnation: incarnation,
            rules: SessionRules(
                node: state.label,
                reservedNames: reservedNames.compactMap { try? Username($0) },
                rates: RateLimit.Policy(
                    messageRate: messageRate,
                    messageBurst: messageBurst,
                    byteRate: Double(byteRate),
                    byteBurst: Double(byteBurst)
                )
            ),
            liveness: Liveness.Policy(pingInterval: pingInterval, pongTimeout: pongTimeout),
            maxMessageBytes: messageSize,
            handshakeTimeout: handshakeTimeout,
            origins: OriginPolicy(allowed: allowedOrigins),
            maxConnections: maxConnections,
            state: state,
            log: log
        )
    }
}
