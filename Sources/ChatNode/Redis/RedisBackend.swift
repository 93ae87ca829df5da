import ChatCore
import NIOCore
import Synchronization

/// A Redis, which other nodes share, as a node's backend.
final class RedisBackend: Backend {
    private let settings: RedisSettings
    private let state: NodeState
    private let home: any EventLoop
    private let highest = RedisHighest()
    /// Filled while the node is put together, read afterwards; no session's work takes the lock.
    private let parts = Mutex(Parts())

    private struct Parts {
        var ports: [NIOLoopBound<RedisPort>] = []
        var home: NIOLoopBound<RedisHome>?
    }

    init(settings: RedisSettings, state: NodeState, home: any EventLoop) {
        self.settings = settings
        self.state = state
        self.home = home
    }

    func makeBroker(on loop: any EventLoop, index: Int) -> any Broker {
        let port = RedisPort(
            loop: loop,
            settings: settings,
            highest: highest,
            onDoubt: { [weak self] epoch in self?.atHome { $0.control.doubted(epoch: epoch) } },
            onRoomDoubt: { [weak self] room in self?.atHome { $0.doubted(room) } }
        )
        let bound = NIOLoopBound(port, eventLoop: loop)
        parts.withLock { $0.ports.append(bound) }
        return port
    }

    func start(for hub: Hub) async throws {
        let ports = parts.withLock { $0.ports }
        try await home.submit { [self] in
            let redis = RedisHome(
                loop: home,
                settings: settings,
                state: state,
                highest: highest,
                shards: hub.shards,
                ports: ports
            )
            // Before anything can be doubted.
            parts.withLock { $0.home = NIOLoopBound(redis, eventLoop: home) }
            redis.start()
        }.get()
    }

    func readAgain() -> [String] {
        guard let file = settings.credentials.file else { return [] }
        file.read { _ in }
        return ["redis-password-file"]
    }

    func stop() async {
        let parts = parts.withLock { $0 }
        if let home = parts.home {
            try? await home.eventLoop.submit { home.value.stop() }.get()
        }
        for port in parts.ports {
            try? await port.eventLoop.submit { port.value.stop() }.get()
        }
    }

    private func atHome(_ body: @escaping @Sendable (RedisHome) -> Void) {
        guard let home = parts.withLock({ $0.home }) else { return }
        home.eventLoop.execute { body(home.value) }
    }
}
