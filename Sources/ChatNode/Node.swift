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
    /// Where clients connect; there may be more addresses, all with this port.
    let address: SocketAddress
    let loopCount: Int
    private let configuration: Configuration
    private let group: MultiThreadedEventLoopGroup
    let hub: Hub
    private let backend: any Backend
    private let listeners: [any Channel]
    /// Where operators ask; nil where nobody may.
    let admin: AdminListener?
    private let log: Logger

    private init(
        configuration: Configuration,
        state: NodeState,
        group: MultiThreadedEventLoopGroup,
        loopCount: Int,
        hub: Hub,
        backend: any Backend,
        listeners: [any Channel],
        address: SocketAddress,
        admin: AdminListener?,
        log: Logger
    ) {
        self.configuration = configuration
        self.state = state
        self.group = group
        self.loopCount = loopCount
        self.hub = hub
        self.backend = backend
        self.listeners = listeners
        self.address = address
        self.admin = admin
        self.log = log
    }

    /// Starts a node. When it is there, it listens; ready it is when its backend is.
    static func start(
        _ configuration: Configuration,
        log: Logger,
        metrics: MetricsRegistry = MetricsRegistry()
    ) async throws -> Node {
        let places = try await ListeningPlaces.of(
            host: configuration.host,
            port: configuration.port
        )
        let loopCount = try configuration.loopCount(addresses: places.addresses.count, log)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        do {
            let loops = Array(group.makeIterator())
            let state = NodeState(label: configuration.label)
            metrics.observe(state, hasRedis: configuration.redis != nil)
            let backend = try await makeBackend(configuration, state, loops, metrics, log)
            let settings = configuration.shardSettings(state, log)
            let hub = try await Hub.make(loops: loops) { loop, index in
                let broker = backend.makeBroker(on: loop, index: index)
                let metrics = ShardMetrics(metrics, loop: index)
                return Shard(loop: loop, settings: settings, broker: broker, metrics: metrics)
            }
            do {
                return try await open(
                    configuration,
                    places,
                    state,
                    group,
                    loopCount,
                    hub,
                    backend,
                    metrics,
                    log
                )
            } catch {
                // What it has told the others about itself is taken back.
                hub.onEach { $0.stop() }
                await backend.stop()
                throw error
            }
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Begins to serve: the backend first, the clients, then operators.
    private static func open(
        _ configuration: Configuration,
        _ places: ListeningPlaces,
        _ state: NodeState,
        _ group: MultiThreadedEventLoopGroup,
        _ loopCount: Int,
        _ hub: Hub,
        _ backend: any Backend,
        _ metrics: MetricsRegistry,
        _ log: Logger
    ) async throws -> Node {
        try await backend.start(for: hub)
        let listeners = try await places.listen { address in
            try await Listener.bind(to: address, group: group, hub: hub)
        }
        guard let address = listeners.first?.localAddress else {
            preconditionFailure("a bound listener has an address")
        }
        let admin = try await AdminListener.bind(
            configuration.adminPlace(port: address.port ?? configuration.port),
            AdminService(state: state, metrics: metrics)
        )
        return Node(
            configuration: configuration,
            state: state,
            group: group,
            loopCount: loopCount,
            hub: hub,
            backend: backend,
            listeners: listeners,
            address: address,
            admin: admin,
            log: log
        )
    }

    private static func makeBackend(
        _ configuration: Configuration,
        _ state: NodeState,
        _ loops: [any EventLoop],
        _ metrics: MetricsRegistry,
        _ log: Logger
    ) async throws -> any Backend {
        guard let home = loops.first else { preconditionFailure("a group has a loop") }
        let retention = Store.Retention(messages: configuration.history)
        if let settings = configuration.redisSettings(state, retention, metrics, log) {
            return RedisBackend(settings: settings, state: state, home: home)
        }
        return try await MemoryBackend.make(on: home, retention: retention, state: state)
    }
}

// MARK: - Being ready

extension Node {
    /// How often a condition of the whole node is looked at.
    private static let poll = Duration.milliseconds(20)

    /// Waits until the node can serve. False: it was told to leave before it could.
    ///
    /// Fails: when the task is cancelled.
    func isReady() async throws -> Bool {
        while state.readiness == .starting { try await Task.sleep(for: Self.poll) }
        guard state.readiness == .ready else { return false }
        let places = listeners.compactMap(\.localAddress).map {
            authority($0.ipAddress ?? "", $0.port ?? 0)
        }
        let address = places.joined(separator: ", ")
        log.info("ready", metadata: ["node": "\(state.label)", "address": "\(address)"])
        return true
    }
}

// MARK: - Reading again

extension Node {
    /// Reads again what is outside of the process and may have changed, and says what that is.
    func readAgain() {
        let settings = backend.readAgain().joined(separator: ", ")
        log.info("reading again", metadata: ["settings": "\(settings.isEmpty ? "none" : settings)"])
    }
}

// MARK: - Leaving

extension Node {

    /// Leaves: says so to the balancer, closes every client, spread out, and waits until they are
    /// gone, at most for the drain timeout; then stops.
    func leave() async throws -> Farewell {
        let before = state.connections
        state.readiness = .draining
        log.info("draining", metadata: ["clients": "\(before)"])
        try await Task.sleep(for: configuration.drainDelay)
        let clients = state.connections
        for listener in listeners { try? await listener.close() }
        hub.onEach { $0.drain() }
        let deadline = Clock.now + configuration.drainTimeout
        while state.connections > 0, Clock.now < deadline {
            try await Task.sleep(for: Self.poll)
        }
        return try await stop(clients: clients)
    }

    private func stop(clients: Int) async throws -> Farewell {
        let forced = try await hub.fromEach { $0.cutAll() }.reduce(0, +)
        // Their names are given up behind them; a broker that does not answer is not waited for.
        let deadline = Clock.now + Limits.redisCommandTimeout
        while state.connections > 0, Clock.now < deadline {
            try await Task.sleep(for: Self.poll)
        }
        hub.onEach { $0.stop() }
        await backend.stop()
        await admin?.stop()
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

    /// How many loops the node makes.
    ///
    /// Fails: with `TooFew`.
    fileprivate func loopCount(addresses: Int, _ log: Logger) throws(TooFew) -> Int {
        let need = LoopPlan.Need.ofNode(
            hasAdmin: admin != .none,
            hasRedis: redis != nil,
            addresses: addresses
        )
        let plan = try LoopPlan(asked: loops, cores: System.coreCount, need)
        if plan.isLowered {
            log.warning(
                "there is not room for a loop on each core: more descriptors or threads are needed",
                metadata: ["loops": "\(plan.loops)", "cores": "\(System.coreCount)"]
            )
        }
        return plan.loops
    }

    /// Nil where the node is alone.
    fileprivate func redisSettings(
        _ state: NodeState,
        _ retention: Store.Retention,
        _ metrics: MetricsRegistry,
        _ log: Logger
    ) -> RedisSettings? {
        guard let redis else { return nil }
        var credentials = redisCredentials
        if let path = redisPasswordFile, let password = redisPassword, PasswordFile.isFile(path) {
            credentials.file = PasswordFile(path: path, password: password, log: log)
        }
        return RedisSettings(
            address: redis.address,
            credentials: credentials,
            codec: StoreCodec(keys: RedisKeys(prefix: redisPrefix), retention: retention),
            label: state.label,
            isNewCluster: isNewCluster,
            log: log,
            metrics: metrics
        )
    }

    func shardSettings(
        _ state: NodeState,
        _ log: Logger
    ) -> ShardSettings {
        ShardSettings(
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
            isAlone: redis == nil,
            state: state,
            log: log
        )
    }
}
