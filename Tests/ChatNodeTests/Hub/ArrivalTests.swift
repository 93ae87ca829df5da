import ChatCore
import Foundation
import TestSupport
import Testing

@testable import ChatNode

/// More clients come at once than a node takes on.
@Suite struct ArrivalTests {
    private static let flags = [
        "loops": "1", "login-rate": "0.5", "login-burst": "3", "message-rate": "0",
    ]
    private static let request = TestWebSocket.request()

    private func count(_ family: String, _ result: String, of server: TestServer) throws -> Double?
    {
        try server.scrape().value("chatnode_\(family)", ["result": result])
    }

    @Test func `a login beyond the burst is told its turn, and has it over the same socket`()
        async throws
    {
        try await TestServer.run(Self.flags) { (server) async throws in
            let stayed = try (0..<3).map { try server.connect("Ada\($0)") }
            let late = try (0..<2).map { _ in try server.connect() }
            var waits: [Int] = []
            for client in late {
                try client.say(#"{"type":"login","username":"Grace"}"#)
                let answer = try client.hear()
                #expect(answer.contains(#""type":"login_failure","username":"Grace""#))
                #expect(answer.contains(#""value":"unavailable""#))
                let digits = answer.firstRange(of: #""retry_ms":"#).map {
                    answer[$0.upperBound...].prefix { $0.isNumber }
                }
                waits.append(try #require(digits.flatMap { Int($0) }))
            }
            // Two seconds each, from times that are not quite the same.
            #expect(waits[0] <= 2000 && waits[1] > 2000 && waits[1] <= 4000)
            #expect(try count("name_claims_total", "postponed", of: server) == 2)
            // Those that are there are served.
            try stayed[0].chat("1", as: "Ada0")
            _ = try stayed[1].hearText { $0.contains(#""type":"chat""#) }
            for (index, client) in late.enumerated() {
                try await eventually("\(index) logs in") {
                    (try? client.login("Grace\(index)")) != nil
                }
            }
        }
    }

    @Test(arguments: [false, true])
    func `handshakes beyond twice the burst are refused with 503`(isFirst: Bool) async throws {
        try await TestServer.run(Self.flags) { (server) async throws in
            let clients = try (0..<6).map { _ in try server.connect() }
            let socket = try TestSocket(port: server.port)
            if !isFirst {
                // The second request of a connection is read by the HTTP parser.
                try socket.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try socket.read(through: "ok\n")
            }
            try socket.send(Self.request)
            let answer = String(decoding: try socket.readToEnd(), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            // A second at most, and one that is begun.
            #expect(answer.firstMatch(of: /\r\nRetry-After: [12]\r\n/) != nil)
            #expect(try count("handshakes_total", "crowded", of: server) == 1)
            // The page and its like are not handshakes.
            #expect(try server.get("/").hasPrefix("HTTP/1.1 200 "))
            try await eventually("there is room again") { (try? server.connect()) != nil }
            withExtendedLifetime(clients) {}
        }
    }

    @Test func `4,000 logins at once are taken on`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let clients = try (0..<400).map { _ in try server.connect() }
            for round in 0..<10 {
                for (index, client) in clients.enumerated() {
                    try client.say(#"{"type":"login","username":"a\#(round).\#(index)"}"#)
                }
                for client in clients {
                    #expect(try client.hear().contains(#""type":"logged_in""#))
                }
            }
            #expect(try count("name_claims_total", "postponed", of: server) == 0)
        }
    }
}
