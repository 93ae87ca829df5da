import ChatCore
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import ChatRedis

/// Has a connection under test on a loop, and notes in words and in order what it calls back.
final class RedisProbe: Sendable {
    let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    private let words = Mutex<[String]>([])
    private let bound = Mutex<NIOLoopBound<RedisConnection>?>(nil)

    /// What becomes of an attempt where the machine is too busy for `Limits.redisConnectTimeout`.
    static let late = RedisFault.unreachable("no connection within 1s")

    /// What was called back so far.
    var heard: [String] { words.withLock { $0 } }

    func note(_ word: String) { words.withLock { $0.append(word) } }

    /// Waits until there have been `count` callbacks.
    func hear(_ count: Int) async throws -> [String] {
        try await eventually("\(count) callbacks, not \(heard)") { heard.count >= count }
        return heard
    }

    /// Begins to connect; the outcome is noted as `connected` or the fault.
    ///
    /// Does not wait for the outcome: a test that plays Redis itself has to answer in time, and on a
    /// busy machine a wait may end late.
    func connect(
        _ port: Int,
        host: String = "127.0.0.1",
        _ credentials: RedisCredentials = .none
    ) {
        loop.execute {
            RedisConnection.connect(
                to: RedisAddress(host: host, port: port),
                on: self.loop,
                credentials: credentials,
                name: "chatnode-n1-test"
            ) { self.arrived($0) }
        }
    }

    private func arrived(_ outcome: Result<RedisConnection, RedisFault>) {
        switch outcome {
        case .success(let connection):
            connection.delegate = self
            bound.withLock { $0 = NIOLoopBound(connection, eventLoop: loop) }
            note("connected \(connection.version)")
        case .failure(let fault): note("\(fault)")
        }
    }

    /// What became of an attempt to connect.
    func outcome(
        _ port: Int,
        host: String = "127.0.0.1",
        _ credentials: RedisCredentials = .none
    ) async throws -> String {
        connect(port, host: host, credentials)
        return try await hear(1)[0]
    }

    /// Does something with the connection, on its loop.
    func with(_ body: @escaping @Sendable (RedisConnection) -> Void) async throws {
        guard let bound = bound.withLock({ $0 }) else {
            throw Unexpected("no connection: \(heard)")
        }
        try await loop.submit { body(bound.value) }.get()
    }

    /// Sends commands, each a text without spaces in its arguments, and flushes.
    func send(_ commands: String...) async throws {
        try await with { connection in
            for command in commands {
                connection.send(command.split(separator: " ").map { Array($0.utf8) }) {
                    self.note("\(command): \($0.plain)")
                }
            }
            connection.flush()
        }
    }
}

extension RedisProbe: RedisConnectionDelegate {
    func pushed(_ connection: RedisConnection, _ values: [RespValue]) {
        note("pushed: \(values.map(\.plain))")
    }

    func isOver(_ connection: RedisConnection, _ fault: RedisFault) {
        note("closed: \(fault)")
    }
}

extension RespValue {
    /// Short words for comparing.
    var plain: String {
        switch self {
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): "+\(text)"
        case .error(let text): "-\(text)"
        case .integer(let number): "\(number)"
        case .null: "null"
        case .array(let elements): "[\(elements.map(\.plain).joined(separator: " "))]"
        }
    }
}

extension Result<RespValue, RedisFault> {
    var plain: String {
        switch self {
        case .success(let value): value.plain
        case .failure(let fault): "failed, \(fault)"
        }
    }
}
