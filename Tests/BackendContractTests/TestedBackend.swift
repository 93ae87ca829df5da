import ChatCore
import ChatRedis
import ChatSupport
import CoreMetrics
import ExampleBackend
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import ChatNode

/// The backends that the contract tests run over. A new one is a case here.
enum TestedBackend: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case redis
    case example

    var testDescription: String { rawValue }

    /// Makes the subject of a test. `roomLinger` is how long a room is heard after the last interest in
    /// it.
    func make(roomLinger: Duration = Limits.roomLinger) async throws -> any BackendUnderTest {
        switch self {
        case .memory: MemoryUnderTest(roomLinger: roomLinger)
        case .redis: RedisUnderTest(try await TestRedis.start(), roomLinger: roomLinger)
        case .example: ExampleUnderTest(roomLinger: roomLinger)
        }
    }
}

/// What keeps the names and the logs of a test, and the backends of the nodes that share it.
protocol BackendUnderTest: AnyObject {
    /// The number of nodes that can share it in a test.
    var maxNodes: Int { get }
    /// Whether the connections of all loops can be cut.
    var canBeCut: Bool { get }
    func makeBackend(loops: [any EventLoop], node: any NodeEvents) async throws -> any Backend
    /// Begins what cuts the connections of all loops, at once or if a call is not answered in time.
    func beginCut() async throws
    /// Ends it: from now on loops can connect again.
    func endCut() async throws
    /// Ends what the test has started for it, after its backends have stopped.
    func close() async throws
}

final class MemoryUnderTest: BackendUnderTest {
    let maxNodes = 1
    let canBeCut = false
    private let roomLinger: Duration

    init(roomLinger: Duration = Limits.roomLinger) { self.roomLinger = roomLinger }

    func makeBackend(loops: [any EventLoop], node: any NodeEvents) async throws -> any Backend {
        try await MemoryBackend(
            loops: loops,
            retention: .init(),
            roomLinger: roomLinger,
            node: node
        )
    }

    func beginCut() async throws {}
    func endCut() async throws {}
    func close() async throws {}
}

final class RedisUnderTest: BackendUnderTest {
    let maxNodes = 2
    let canBeCut = true
    let server: TestRedis

    private let roomLinger: Duration

    init(_ server: TestRedis, roomLinger: Duration = Limits.roomLinger) {
        self.server = server
        self.roomLinger = roomLinger
    }

    func makeBackend(loops: [any EventLoop], node: any NodeEvents) async throws -> any Backend {
        let settings = RedisSettings(
            address: RedisAddress(host: "127.0.0.1", port: server.port),
            credentials: .none,
            codec: StoreCodec(keys: RedisKeys(prefix: "chat"), retention: .init()),
            label: "node",
            isNewCluster: true,
            roomLinger: roomLinger,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            metrics: NOOPMetricsHandler.instance
        )
        return RedisBackend(settings: settings, node: node, loops: loops)
    }

    /// Calls are carried out when Redis goes on, and nothing receives their answers.
    func beginCut() async throws { server.pause() }
    func endCut() async throws { server.resume() }

    func close() async throws { try await server.kill() }
}

final class ExampleUnderTest: BackendUnderTest {
    let maxNodes = 2
    let canBeCut = true
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let server: NIOLoopBoundBox<DelayedServer>
    private let faults: DelayedServer.Faults
    private let roomLinger: Duration

    init(roomLinger: Duration = Limits.roomLinger) {
        self.roomLinger = roomLinger
        let loop = group.next()
        var faults = DelayedServer.Faults()
        faults.seed = Seed.value
        self.faults = faults
        let made = DelayedServer(
            loop: loop,
            faults: faults,
            now: { CheckedLoop.now },
            unixMilliseconds: { Clock.unixMilliseconds }
        )
        server = .makeBoxSendingValue(made, eventLoop: loop)
    }

    func makeBackend(loops: [any EventLoop], node: any NodeEvents) async throws -> any Backend {
        DelayedBackend(
            server: server,
            loops: loops,
            node: node,
            roomLinger: roomLinger,
            now: CheckedLoop.now
        )
    }

    func beginCut() async throws {
        try await server.eventLoop.submit { [server] in server.value.cutAll() }.get()
    }

    func endCut() async throws {}

    func close() async throws {
        // A connection that was cut comes back before this, though its node's loops have ended.
        try await server.eventLoop.scheduleTask(in: faults.absence) {}.futureResult.get()
        try await group.shutdownGracefully()
    }
}
