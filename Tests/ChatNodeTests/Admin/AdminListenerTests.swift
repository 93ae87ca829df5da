import ChatCore
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

/// What operators may ask, and at which address.
@Suite struct AdminListenerTests {
    private func withSocket(
        _ flags: [String: String] = [:],
        _ body: (TestServer, String) async throws -> Void
    ) async throws {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/a.sock"
            let flags = flags.merging(["admin": "unix:\(path)"]) { $1 }
            try await TestServer.run(flags) { (server) async throws in try await body(server, path)
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `operators get the metrics, in Prometheus's format`() async throws {
        try await withSocket { (_, path) async throws in
            let answer = try get("/metrics", at: path)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(
                answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n")
            )
            let text = try PrometheusText(parsing: body(of: answer))
            let version = ["version": Version.current]
            #expect(try text.value("chatnode_build_info", version) == 1)
            let length = "\r\nContent-Length: \(body(of: answer).utf8.count)\r\n"
            let head = try ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", at: path)
            #expect(answer.contains(length))
            #expect(body(of: head).isEmpty)
        }
    }

    @Test func `clients get no metrics, and operators get no WebSocket`() async throws {
        try await withSocket { (server, path) async throws in
            #expect(try server.get("/metrics").hasPrefix("HTTP/1.1 404 "))
            #expect(try ask(TestWebSocket.request(), at: path).hasPrefix("HTTP/1.1 404 "))
            #expect(try get("/", at: path).hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func `health is the same as for clients`() async throws {
        try await withSocket(["drain-delay": "8s"]) { (server, path) async throws in
            #expect(try body(of: get("/healthz", at: path)) == "ok\n")
            #expect(try body(of: get("/readyz", at: path)) == "ready\n")
            async let farewell = server.node.leave()
            try await eventually { try get("/readyz", at: path).hasPrefix("HTTP/1.1 404 ") }
            #expect(try get("/metrics", at: path).hasPrefix("HTTP/1.1 200 "))
            _ = try await farewell
        }
    }

    @Test(arguments: [
        ("GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 413),
        ("GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
        ("nonsense\r\n\r\n", 400),
        ("GET /\(String(repeating: "a", count: 17_000)) HTTP/1.1\r\n\r\n", 431),
        ("OPTIONS /metrics HTTP/1.0\r\n\r\n", 200), ("OPTIONS /readyz HTTP/1.0\r\n\r\n", 200),
        ("OPTIONS * HTTP/1.0\r\n\r\n", 200), ("OPTIONS / HTTP/1.0\r\n\r\n", 404),
    ])
    func `a request that is not a question is answered as HTTP demands`(
        request: String,
        status: Int
    ) async throws {
        try await withSocket { (_, path) async throws in
            #expect(try ask(request, at: path).hasPrefix("HTTP/1.1 \(status) "))
        }
    }

    @Test func `a connection has one answer, and what follows is discarded`() async throws {
        try await withSocket { (_, path) async throws in
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            let answer = try ask(request + request, at: path)
            #expect(answer.hasSuffix("\r\n\r\nok\n"))
            #expect(answer.contains("Connection: close\r\n"))
            #expect(answer.split(separator: "HTTP/1.1 200").count == 1)
        }
    }

    @Test func `an operator who never ends a request is cut off, and no other waits for it`()
        async throws
    {
        try await withSocket { (_, path) async throws in
            let clock = ContinuousClock()
            let began = clock.now
            // On a thread of its own: it takes `Limits.adminTimeout`.
            let (other, rest) = try await onThread {
                let slow = try TestSocket(path: path)
                try slow.send("GET /healthz HTTP/1.1\r\n")
                let quick = try TestSocket(path: path)
                try quick.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                return (try quick.readToEnd(), try slow.readToEnd())
            }
            #expect(String(decoding: other, as: UTF8.self).hasSuffix("\r\n\r\nok\n"))
            #expect(rest.isEmpty)
            #expect(clock.now - began >= Limits.adminTimeout - .seconds(1))
        }
    }

    @Test func `more than a few operators at one time are told to come again`() async throws {
        try await withSocket { (_, path) async throws in
            var waiting = try (0..<Limits.adminConnections).map { _ in try TestSocket(path: path) }
            // The last of these has been accepted when the request is answered with 503.
            try await eventually { try get("/healthz", at: path).hasPrefix("HTTP/1.1 503 ") }
            waiting.removeAll()
            try await eventually { try get("/healthz", at: path).hasPrefix("HTTP/1.1 200 ") }
        }
    }

    @Test func `the admin place may be an address, with any free port`() async throws {
        try await TestServer.run(["admin": "http://127.0.0.1:0"]) { (server) async throws in
            guard case .tcp("127.0.0.1", let port) = server.node.admin?.place else {
                return #expect(Bool(false))
            }
            let socket = try TestSocket(port: port)
            try socket.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = String(decoding: try socket.readToEnd(), as: UTF8.self)
            _ = try PrometheusText(parsing: body(of: answer))
            let question = server.node.admin?.place.question(of: "/metrics")
            #expect(question == "http://127.0.0.1:\(port)/metrics")
        }
    }

    @Test func `a port that is taken is reported with a way out`() async throws {
        let other = try TestListener()
        await #expect(throws: AdminTrouble.taken("127.0.0.1:\(other.port)")) {
            try await TestServer.run(["admin": "127.0.0.1:\(other.port)"]) { _ in }
        }
    }

    /// A service that has its removals carried out by a function.
    private func service(_ remove: @escaping AdminService.Removing) -> AdminService {
        AdminService(state: NodeState(label: "n1"), metrics: MetricsRegistry(), remove: remove)
    }

    private static let removal =
        "DELETE /rooms/tea/messages/1/abcdefgh.1 HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test func `a removal that was begun is answered before the listener has stopped`() async throws
    {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/a.sock"
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let outcome = loop.makePromise(of: BrokerClient.Moderation.self)
            let isBegun = Mutex(false)
            let service = service { _ in
                isBegun.withLock { $0 = true }
                return outcome.futureResult
            }
            let listener = try await AdminListener.bind(.unix(path: path, folder: nil), service)
            let operators = try TestSocket(path: path)
            try operators.send(Self.removal)
            try await eventually("the removal is begun") { isBegun.withLock { $0 } }
            async let stopped: Void? = listener?.stop()
            try await eventually("it stops") { !FileManager.default.fileExists(atPath: path) }
            outcome.succeed(.removed(seq: 2))
            await stopped
            let answer = String(decoding: try operators.readToEnd(), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
        }
    }

    @Test func `a service that has stopped begins no removal`() async throws {
        try await inFolder { (folder) async throws in
            let path = "\(folder)/a.sock"
            let service = service { _ in
                Issue.record("a removal is begun")
                return MultiThreadedEventLoopGroup.singleton.next()
                    .makeSucceededFuture(.removedBefore)
            }
            let listener = try await AdminListener.bind(.unix(path: path, folder: nil), service)
            await service.stop()
            #expect(try ask(Self.removal, at: path).hasPrefix("HTTP/1.1 503 "))
            #expect(try get("/healthz", at: path).hasPrefix("HTTP/1.1 200 "))
            await listener?.stop()
        }
    }
}
