import TestSupport
import Testing

@testable import ChatNode

/// A node's life as a whole.
@Suite struct NodeTests {
    @Test func `a node that leaves closes everybody with 1001`() async throws {
        let clients = try await TestServer.run { (server) async throws in
            try (0..<20).map { try server.connect("user\($0)") }
        }
        for client in clients { #expect(try client.hearClose().closeCode == 1001) }
    }

    @Test func `while it leaves, readiness is gone first, and clients are still served`()
        async throws
    {
        try await TestServer.run(["drain-delay": "8s"]) { (server) async throws in
            let ada = try server.connect("Ada")
            async let farewell = server.node.leave()
            try await eventually { try server.get("/readyz").hasPrefix("HTTP/1.1 404 ") }
            let grace = try server.connect("Grace")
            try grace.chat("1", as: "Grace")
            #expect(try ada.hear().contains(#""value":1"#))
            // Before the blocking reads: leaving needs one of the few threads that they would hold.
            let result = try await farewell
            #expect(try ada.hearClose().closeCode == 1001)
            #expect(try grace.hearClose().closeCode == 1001)
            #expect(result.closed == 2)
            #expect(result.forced == 0)
        }
    }
}
