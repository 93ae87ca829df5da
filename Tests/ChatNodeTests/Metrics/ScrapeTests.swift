import ChatCore
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ChatNode

/// What a node reports about what has happened to it: the test knows every number.
@Suite struct ScrapeTests {
    private func count(
        _ name: String,
        _ labels: [String: String] = [:],
        of server: TestServer,
        becomes expected: Int
    ) async throws {
        // A broadcast is counted at its end, a moment after clients receive it.
        try await eventually("\(name) \(labels) is \(expected)") {
            try server.scrape().value("chatnode_\(name)", labels) == Double(expected)
        }
    }

    @Test func `messages are counted once for the sender and once for each recipient`()
        async throws
    {
        let messages = 25
        let listeners = 9
        try await TestServer.run(["loops": "2"]) { (server) async throws in
            let ada = try server.connect("Ada")
            let others = try (0..<listeners).map { _ in try server.connect() }
            for index in 0..<messages { try ada.chat("\(index)", as: "Ada") }
            var bytes = 0
            for client in [ada] + others {
                for _ in 0..<messages {
                    // Two bytes of head, or four from 126 bytes on (RFC 6455 §5.2).
                    let length = try client.hear().utf8.count
                    bytes += length + (length < 126 ? 2 : 4)
                }
            }
            let delivered = messages * (listeners + 1)
            try await count("messages_delivered_total", of: server, becomes: delivered)
            try await count("messages_delivered_bytes_total", of: server, becomes: bytes)
            try await count("messages_received_total", of: server, becomes: messages + 1)
            let accepted = ["result": "accepted"]
            try await count("messages_published_total", accepted, of: server, becomes: messages)
            try await count("handshakes_total", accepted, of: server, becomes: listeners + 1)
            let websocket = ["kind": "websocket"]
            try await count("connections", websocket, of: server, becomes: listeners + 1)
            try await count("name_claims_total", ["result": "granted"], of: server, becomes: 1)
            try await count("names", of: server, becomes: 1)
            let text = try server.scrape()
            #expect(try text.value("chatnode_publish_batch_messages_sum") == Double(messages))
            let broadcasts = try text.value("chatnode_delivery_seconds_count")
            // Each of the two loops has broadcast at least once, and no more than once a message.
            #expect(broadcasts >= 2 && broadcasts <= Double(2 * messages))
            #expect(try text.value("chatnode_delivery_seconds_sum") > 0)
        }
    }

    @Test func `every end of a WebSocket is counted once, under its reason`() async throws {
        try await TestServer.run { (server) async throws in
            let leaver = try server.connect()
            try leaver.send(frame: 8, [3, 232])
            _ = try leaver.hearClose()
            try server.connect().socket.reset()
            let binary = try server.connect()
            try binary.send(frame: 2, [1])
            #expect(try binary.hearClose().closeCode == 1003)
            let wrong = try server.connect()
            try wrong.send(frame: 3)
            #expect(try wrong.hearClose().closeCode == 1002)
            for client in [leaver, binary, wrong] { client.socket.close() }
            let connections = ["kind": "websocket"]
            try await count("connections", connections, of: server, becomes: 0)
            for reason in DisconnectReason.allCases {
                let isOne = [.client, .lost, .unsupportedData, .protocolError].contains(reason)
                let value = try server.scrape().value(
                    "chatnode_disconnects_total",
                    ["reason": reason.rawValue]
                )
                #expect(value == (isOne ? 1 : 0), "\(reason)")
            }
        }
    }

    @Test func `what clients are refused is counted under its reason`() async throws {
        try await TestServer.run(["message-burst": "3", "message-rate": "0.001"]) {
            (server) async throws in
            let ada = try server.connect("Ada")
            let bob = try server.connect()
            try bob.say(#"{"type":"login","username":"ADA"}"#)
            try bob.say(#"{"type":"login","username":"root"}"#)
            try bob.say(#"{"type":"chat","username":"x"}"#)
            try bob.say("{}")
            for _ in 0..<4 { _ = try bob.hear() }
            let claims = ["taken", "forbidden", "granted"]
            for result in claims {
                try await count("name_claims_total", ["result": result], of: server, becomes: 1)
            }
            let limited = ["code": "rate_limited"]
            try await count("errors_total", limited, of: server, becomes: 1)
            try await count("errors_total", ["code": "not_logged_in"], of: server, becomes: 1)
            let origin = "Origin: https://elsewhere.example\r\n"
            let request = TestWebSocket.request(headers: [String(origin.dropLast(2))])
            #expect(try server.http(request).hasPrefix("HTTP/1.1 403 "))
            let forbidden = ["result": "forbidden_origin"]
            try await count("handshakes_total", forbidden, of: server, becomes: 1)
            _ = ada
        }
    }

    @Test func `a client that does not read is reported as blocked and behind`() async throws {
        try await TestServer.run(["message-rate": "0", "byte-rate": "0"]) { (server) async throws in
            let ada = try server.connect("Ada")
            let deaf = try TestWebSocket(port: server.port, receiveBufferBytes: 4096)
            let text = String(repeating: "x", count: 10_000)
            // Less than a node's backlog, and more than sockets take.
            for _ in 0..<50 {
                try ada.chat("\"\(text)\"", as: "Ada")
                _ = try ada.hear()
            }
            try await count("blocked_clients", of: server, becomes: 1)
            // The loop of this client may get the messages after the one of Ada.
            try await eventually("messages wait for it") {
                try server.scrape().value("chatnode_queue_messages") > 0
            }
            deaf.socket.reset()
            try await count("blocked_clients", of: server, becomes: 0)
            try await count("queue_messages", of: server, becomes: 0)
        }
    }

    @Test func `while a loop is stuck, a scrape answers and says so`() async throws {
        let folder = NSTemporaryDirectory() + "chatnode-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/a.sock"
        try await TestServer.run(["loops": "2", "admin": "unix:\(path)"]) { (server) async throws in
            let gate = DispatchSemaphore(value: 0)
            // Both loops, so that the listener is on neither.
            for bound in server.node.hub.shards { bound.eventLoop.execute { gate.wait() } }
            defer { for _ in server.node.hub.shards { gate.signal() } }
            try await eventually("both loops are overdue") {
                let answer = try get("/metrics", at: path)
                let text = try PrometheusText(parsing: body(of: answer))
                return try ["0", "1"].allSatisfy {
                    try text.value("chatnode_loop_overdue_seconds", ["loop": $0]) > 0.1
                }
            }
        }
    }

    @Test func `a loop that was stuck reports it as its lag`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let tick = ["loop": "0"]
            try await eventually("it ticks") {
                try server.scrape().value("chatnode_loop_lag_seconds_count", tick) >= 1
            }
            server.node.hub.shards[0].eventLoop.execute { Thread.sleep(forTimeInterval: 0.6) }
            try await eventually("the late tick is counted") {
                let text = try server.scrape()
                // A tick is due within 250 ms of the 600.
                let late =
                    try text.value("chatnode_loop_lag_seconds_count", tick)
                    - text.value(
                        "chatnode_loop_lag_seconds_bucket",
                        ["loop": "0", "le": "0.25"]
                    )
                return late >= 1
            }
        }
    }

    @Test func `a node's metrics too say whether it is ready`() async throws {
        try await TestServer.run(["drain-delay": "2s"]) { (server) async throws in
            #expect(try server.scrape().value("chatnode_ready") == 1)
            async let farewell = server.node.leave()
            try await count("ready", of: server, becomes: 0)
            _ = try await farewell
        }
    }

    @Test func `a node alone reports nothing that it does not have`() async throws {
        try await TestServer.run { (server) async throws in
            let names = Set(try server.scrape().families.map(\.name))
            #expect(!names.contains { $0.contains("redis") || $0.contains("lease") })
            let shared = ["rooms", "catch_ups_total", "messages_missed_total"]
            let alone = Family.all.map(\.name)
                .filter { !$0.contains("redis") && !$0.contains("lease") }
                .filter { !shared.map { "chatnode_\($0)" }.contains($0) }
            #expect(names.isSuperset(of: alone))
            #expect(names.isSuperset(of: ProcessFigures.families.map(\.name)))
        }
    }
}
