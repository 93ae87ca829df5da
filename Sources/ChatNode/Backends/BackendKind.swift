import ChatCore
import ChatRedis
import CoreMetrics
import Logging
import NIOCore

/// The sections of settings that backends are chosen and made by. A new backend adds its own.
struct BackendSettings: Sendable {
    let redis: RedisSection
    let room: RoomSection
}

/// What a backend is made from.
struct BackendContext {
    let settings: BackendSettings
    /// The node's label.
    let label: String
    let node: any NodeEvents
    /// The node's loops; the first is the home loop.
    let loops: [any EventLoop]
    /// Makes the cells that a backend counts with. Each cell is changed on one loop.
    let metrics: any MetricsFactory
    let log: Logger
}

/// One row of the table of backends.
struct BackendKind: Sendable {
    /// The number of descriptors that a backend keeps open.
    struct Descriptors: Sendable {
        let each: Int
        let besides: Int
    }

    let name: String
    /// Whether other nodes have the same rooms and names, which a node then holds by a lease.
    let isShared: Bool
    /// Its connections: for each loop, and besides.
    let descriptors: Descriptors
    /// Whether settings choose it.
    let isChosen: @Sendable (BackendSettings) -> Bool
    let make: @Sendable (BackendContext) async throws -> any Backend

    /// Every backend. The first that the settings choose is taken.
    static let all = [redis, memory]

    static let redis = BackendKind(
        name: "redis",
        isShared: true,
        // Besides, one of the membership and one of the subscription.
        descriptors: Descriptors(each: 1, besides: 2),
        isChosen: { $0.redis.url != nil },
        make: { context in
            guard let settings = context.redisSettings else {
                preconditionFailure("made though the settings do not choose it")
            }
            return RedisBackend(settings: settings, node: context.node, loops: context.loops)
        }
    )

    static let memory = BackendKind(
        name: "memory",
        isShared: false,
        descriptors: Descriptors(each: 0, besides: 0),
        isChosen: { _ in true },
        make: { context in
            try await MemoryBackend(
                loops: context.loops,
                retention: context.settings.room.retention,
                maxRooms: context.settings.room.maxRooms,
                node: context.node
            )
        }
    )

    /// Returns the backend that settings choose.
    static func chosen(by settings: BackendSettings) -> BackendKind {
        guard let kind = all.first(where: { $0.isChosen(settings) }) else {
            preconditionFailure("the table ends with a backend that every setting chooses")
        }
        return kind
    }
}

extension BackendContext {
    /// What the connections to Redis need; nil if the node runs alone.
    fileprivate var redisSettings: RedisSettings? {
        let redis = settings.redis
        guard let url = redis.url else { return nil }
        var credentials = redis.credentials
        if let path = redis.passwordFile, let password = redis.password, PasswordFile.isFile(path) {
            credentials.file = PasswordFile(path: path, password: password, log: log)
        }
        return RedisSettings(
            address: url.address,
            credentials: credentials,
            codec: StoreCodec(
                keys: RedisKeys(prefix: redis.prefix),
                retention: settings.room.retention
            ),
            label: label,
            isNewCluster: redis.isNewCluster,
            maxRooms: settings.room.maxRooms,
            log: log,
            metrics: metrics
        )
    }
}
