import ChatCore
import ChatRedis
import ChatSupport
import Logging
import NIOCore
import NIOPosix

/// One node: starts and stops its parts, each in its order.
final class Node: Sendable {
    /// What became of the clients of a node that left.
    struct Farewell: Sendable {
        let closed: Int
        let forced: Int
    }

    let state: NodeState
    /// The address for clients; a node may listen on several, all with this port.
    let address: SocketAddress
    let loopCount: Int
    private let configuration: Configuration
    private let group: MultiThreadedEventLoopGroup
    let hub: Hub
    private let backend: any Backend
    private let listeners: [any Channel]
    /// The operators' listener; nil if there is none.
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

    /// Starts a node. It listens when this returns; it is ready when its backend is.
    static func start(
        _ configuration: Configuration,
        log: Logger,
        metrics: MetricsRegistry = MetricsRegistry()
    ) async throws -> Node {
        let places = try await ListeningPlaces.of(
            host: configuration.listener.host,
            port: configuration.listener.port
        )
        let loopCount = try configuration.loopCount(addresses: places.addresses.count, log)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        do {
            let loops = Array(group.makeIterator())
            let state = NodeState(label: configuration.label)
            metrics.observe(state, isShared: configuration.backend.isShared)
            let backend = try await makeBackend(configuration, state, loops, metrics, log)
            let settings = configuration.shardSettings(state, log)
            let hub = try await Hub.make(loops: loops) { loop, index in
                let broker = backend.makeBroker(ofLoop: index)
                let metrics = ShardMetrics(metrics, loop: index)
                let shard = Shard(
                    loop: loop,
                    settings: settings,
                    broker: broker,
                    metrics: metrics
                )
                broker.attach(shard)
                return shard
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
                // The backend withdraws what it has told the other nodes about this one.
                hub.onEach { $0.stop() }
                await backend.stop()
                throw error
            }
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Starts the backend first, then serves clients, then operators.
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
        try await backend.start()
        let listeners = try await places.listen { address in
            try await Listener.bind(to: address, group: group, hub: hub)
        }
        guard let address = listeners.first?.localAddress else {
            preconditionFailure("a bound listener has an address")
        }
        let place = configuration.admin.place(
            host: configuration.listener.host,
            port: address.port ?? configuration.listener.port
        )
        let remove: AdminService.Removing = {
            hub.moderate($0.target, in: $0.room, reason: $0.reason)
        }
        let service = AdminService(
            state: state,
            metrics: metrics,
            remove: place?.isPrivate == true ? remove : nil
        )
        let admin: AdminListener?
        do {
            admin = try await AdminListener.bind(place, service)
        } catch {
            for listener in listeners { try? await listener.close() }
            throw error
        }
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
        let kind = configuration.backend
        log.debug("backend", metadata: ["kind": "\(kind.name)"])
        return try await kind.make(
            BackendContext(
                settings: configuration.backendSettings,
                label: state.label,
                node: state,
                loops: loops,
                metrics: CellFactory(registry: metrics, writers: .one),
                log: log
            )
        )
    }
}

// MARK: - Being ready

extension Node {
    /// The time between two looks at a condition of the whole node.
    private static let poll = Duration.milliseconds(20)

    /// Waits until the node can serve. Returns false if it was told to leave before it could.
    ///
    /// Fails: if the task is cancelled.
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
    /// Reads again what is outside of the process and may have changed, and logs what that is.
    func readAgain() {
        let settings = backend.readAgain().joined(separator: ", ")
        log.info("reading again", metadata: ["settings": "\(settings.isEmpty ? "none" : settings)"])
    }
}

// MARK: - Leaving

extension Node {

    /// Tells the balancer that the node leaves, closes every client, spread out, waits until they
    /// are gone or the drain timeout has passed, and stops.
    func leave() async throws -> Farewell {
        let before = state.connections
        state.readiness = .draining
        log.info("draining", metadata: ["clients": "\(before)"])
        try await Task.sleep(for: configuration.node.drainDelay)
        let clients = state.connections
        for listener in listeners { try? await listener.close() }
        hub.onEach { $0.drain() }
        let deadline = Clock.now + configuration.node.drainTimeout
        while state.connections > 0, Clock.now < deadline {
            try await Task.sleep(for: Self.poll)
        }
        return try await stop(clients: clients)
    }

    private func stop(clients: Int) async throws -> Farewell {
        let forced = try await hub.fromEach { $0.cutAll() }.reduce(0, +)
        // Their names are given up after that; a broker that does not answer is not waited for.
        let deadline = Clock.now + Limits.redisCommandTimeout
        while Clock.now < deadline {
            let releases = try await hub.fromEach { $0.client.releasingCount }.reduce(0, +)
            if state.connections == 0, releases == 0 { break }
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
