import Foundation

/// HAProxy as `deploy/up` starts it, in front of a test's own nodes; ended with the test.
public final class TestBalancer {
    /// The path at which Debian installs it.
    public static let program = "/usr/sbin/haproxy"

    /// The port for clients.
    public var port: Int { reserved.number }
    private let reserved: ReservedPort
    private let process: TestProcess
    private let configuration = NSTemporaryDirectory() + "chatnode-haproxy-\(UUID()).cfg"

    /// Starts it with `deploy/haproxy.cfg` for three nodes, and waits until it passes requests on.
    public static func start(nodes: [TestNodeProcess]) async throws -> TestBalancer {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw Unexpected("there is no \(program): apt-get install haproxy")
        }
        let balancer = try TestBalancer(nodes)
        try await eventually("HAProxy passes requests on") {
            guard balancer.process.isRunning else { throw Unexpected(balancer.process.output) }
            let socket = try? TestSocket(port: balancer.port)
            try? socket?.send(
                "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return (try? socket?.read(through: "\r\n"))?.contains(" 200 ") == true
        }
        return balancer
    }

    private init(_ nodes: [TestNodeProcess]) throws {
        var committed = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { committed.deleteLastPathComponent() }
        var text = try String(
            contentsOf: committed.appending(path: "deploy/haproxy.cfg"),
            encoding: .utf8
        )
        for (index, node) in nodes.enumerated() {
            let place = "server n\(index + 1) 127.0.0.1:1808\(index + 1)\n"
            guard text.contains(place) else { throw Unexpected("no \(place) in haproxy.cfg") }
            text.replace(place, with: "server n\(index + 1) 127.0.0.1:\(node.port)\n")
        }
        try text.write(toFile: configuration, atomically: true, encoding: .utf8)
        reserved = try ReservedPort(in: ReservedPort.nodes)
        process = try TestProcess(
            Self.program,
            ["-db", "-f", configuration],
            environment: ["LB_PORT": "\(reserved.number)"]
        )
    }

    deinit {
        process.signal(SIGKILL)
        try? FileManager.default.removeItem(atPath: configuration)
    }
}
