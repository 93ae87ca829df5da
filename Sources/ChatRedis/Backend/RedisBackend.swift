package import ChatCore
package import NIOCore
import Synchronization

/// A Redis, which other nodes share, as a node's backend.
package final class RedisBackend: Backend {
    private let settings: RedisSettings
    private let node: any NodeEvents
    private let loops: [any EventLoop]
    private let highWaterMarks = SharedHighWaterMarks()
    /// Filled while the node is put together, read afterwards; no session's work takes the lock.
    private let parts = Mutex(Parts())

    private struct Parts {
        var brokers: [NIOLoopBound<RedisBroker>] = []
        var home: NIOLoopBound<RedisCoordinator>?
    }

    /// Makes a backend for these loops; the first is the home loop.
    package init(settings: RedisSettings, node: any NodeEvents, loops: [any EventLoop]) {
        self.settings = settings
        self.node = node
        self.loops = loops
    }

    package func makeBroker(ofLoop index: Int) -> any Broker {
        let loop = loops[index]
        let broker = RedisBroker(
            loop: loop,
            index: index,
            settings: settings,
            highWaterMarks: highWaterMarks,
            backend: self
        )
        let bound = NIOLoopBound(broker, eventLoop: loop)
        parts.withLock { $0.brokers.append(bound) }
        return broker
    }

    package func start() async throws {
        guard let home = loops.first else { preconditionFailure("a node has a loop") }
        let brokers = parts.withLock { $0.brokers }
        try await home.submit { [self] in
            let redis = RedisCoordinator(
                loop: home,
                settings: settings,
                node: node,
                highWaterMarks: highWaterMarks,
                brokers: brokers
            )
            // Before anything can be doubted.
            parts.withLock { $0.home = NIOLoopBound(redis, eventLoop: home) }
            redis.start()
        }.get()
    }

    package func readAgain() -> [String] {
        guard let file = settings.credentials.file else { return [] }
        file.read { _ in }
        return ["redis-password-file"]
    }

    package func stop() async {
        let parts = parts.withLock { $0 }
        if let home = parts.home {
            try? await home.eventLoop.submit { home.value.stop() }.get()
        }
        for broker in parts.brokers {
            try? await broker.eventLoop.submit { broker.value.stop() }.get()
        }
    }

    private func atHome(_ body: @escaping @Sendable (RedisCoordinator) -> Void) {
        guard let home = parts.withLock({ $0.home }) else { return }
        home.eventLoop.execute { body(home.value) }
    }
}

// MARK: - What a loop tells the node

extension RedisBackend {
    /// A loop has met another epoch, of this number at least. On: any loop, as the others here.
    func recheckRegistration(epoch: UInt64) {
        atHome { $0.recheckRegistration(epoch: epoch) }
    }

    /// A loop was told that a room ends elsewhere than this node believes.
    func recheck(_ room: RoomName) {
        atHome { $0.recheck(room) }
    }

    /// A loop wants to hear a room.
    func enter(_ room: RoomName, loop: Int) {
        atHome { $0.enter(room, loop: loop) }
    }

    /// A loop does not want to hear a room any more.
    func leave(_ room: RoomName, loop: Int) {
        atHome { $0.leave(room, loop: loop) }
    }

    /// A loop's own connection is there, or is not.
    func broker(of index: Int, isThere: Bool, _ fault: RedisFault?) {
        atHome { $0.broker(of: index, isThere: isThere, fault) }
    }

    /// Redis turns away what a loop's sessions ask for; nil: it takes it again.
    func note(refusal: RedisFault?) {
        atHome { $0.note(refusal: refusal) }
    }

    /// A loop was told that the record of a name is damaged.
    func noteDamagedRecord(of key: String) {
        atHome { $0.noteDamagedRecord(of: key) }
    }
}
