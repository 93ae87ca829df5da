import Dispatch
@testable import ChatNode
import Logging
import NIOCore
import TestSupport

/// A node in this process on a free port.
struct TestServer {
    let node: Node
    let metrics: MetricsRegistry
    var port: Int { node.address.port ?? 0 }

    /// Starts one with flags as on the command line, runs the body, and has it leave.
    ///
    /// A client of a test answers pings only while the test reads from it. On a busy machine that may be
    /// longer ago than the node waits by default, so that it pings no client unless the flags say otherwise.
    static func run<Result>(
        _ flags: [String: String] = [:],
        environment: [String: String] = [:],
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        var flags = flags
        flags["port"] = "0"
        flags["node-id"] = flags["node-id"] ?? "n1"
        flags["admin"] = flags["admin"] ?? "none"
        flags["ping-interval"] = flags["ping-interval"] ?? "1h"
        let configuration = try Configuration.load(flags: flags, environment: environment)
        var log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        log.logLevel = .critical
        let metrics = MetricsRegistry()
        let node = try await Node.start(configuration, log: log, metrics: metrics)
        let server = TestServer(node: node, metrics: metrics)
        do {
            let result = try await body(server)
            // A test may have had it leave.
            if server.node.state.readiness != .draining { _ = try await server.node.leave() }
            return result
        } catch {
            _ = try? await server.node.leave()
            throw error
        }
    }

    func connect(_ name: String? = nil, path: String = "/ws") throws -> TestWebSocket {
        let client = try TestWebSocket(port: port, path: path)
        if let name { try client.login(name) }
        return client
    }

    /// Connects a client that speaks a dialect: `plain`, or a subprotocol.
    func connect(speaking dialect: String) throws -> TestWebSocket {
        let offer = dialect == "plain" ? [] : ["Sec-WebSocket-Protocol: \(dialect)"]
        return try TestWebSocket(port: port, headers: offer)
    }

    /// Waits until something holds on some loop, without giving up the thread: what follows comes
    /// within milliseconds, however busy the threads are that tests share.
    func block(until holds: @escaping @Sendable (Shard) -> Bool) throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(TestSocket.patience)
        while clock.now < deadline {
            for bound in node.hub.shards {
                if try bound.eventLoop.submit({ holds(bound.value) }).wait() { return }
            }
        }
        throw Unexpected("it did not come about within \(TestSocket.patience) s")
    }

    /// Returns a client that never reads and is blocked: another client has sent more than the kernel
    /// holds for one socket, and less than `Limits.backlogBytes`. A part of a frame waits in the channel,
    /// and more in the room. The server must not limit the rate of messages.
    func connectDeaf(while speaker: TestWebSocket, as name: String) throws -> TestWebSocket {
        let deaf = try TestWebSocket(port: port, receiveBufferBytes: 4096)
        let value = String(repeating: "x", count: 10_000)
        for _ in 0..<60 {
            try speaker.chat(#""\#(value)""#, as: name)
            _ = try speaker.hear()
        }
        return deaf
    }

    /// Does something while its loops stand still: they meet all of it at once.
    func whileStopped<Result>(_ body: () throws -> Result) rethrows -> Result {
        let registration = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        node.hub.onEach { _ in
            registration.signal()
            gate.wait()
        }
        for _ in node.hub.shards { registration.wait() }
        defer { for _ in node.hub.shards { gate.signal() } }
        return try body()
    }

    /// What it reports, as Prometheus reads it.
    func scrape() throws -> PrometheusText {
        try PrometheusText(parsing: metrics.scrape())
    }

    /// One request on a connection of its own, and everything that comes back.
    func http(_ request: String) throws -> String {
        let socket = try TestSocket(port: port)
        try socket.send(request)
        return String(decoding: try socket.readToEnd(), as: UTF8.self)
    }

    func get(_ path: String, _ headers: String = "") throws -> String {
        try http("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(headers)\r\n")
    }
}
