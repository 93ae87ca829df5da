import NIOCore
import TestSupport
import Testing

@testable import ChatNode

/// A broadcast that pauses in the middle of a room, as it does in a large one.
@Suite struct BroadcastPauseTests {
    private let flags = ["loops": "1", "message-rate": "0", "byte-rate": "0"]

    /// Runs a server that makes three sends per turn, so that a room of twenty has pauses.
    private func run(_ body: (TestServer) async throws -> Void) async throws {
        try await TestServer.run(flags) { (server) async throws in
            for bound in server.node.hub.shards {
                try await bound.eventLoop.submit { bound.value.sendsPerTurn = 3 }.get()
            }
            try await body(server)
        }
    }

    @Test func `more members may leave in a pause than the broadcast still has to reach`()
        async throws
    {
        try await run { (server) async throws in
            let ada = try server.connect("Ada")
            let listener = try server.connect()
            var seq = 0
            for _ in 0..<40 {
                let leaving = try (0..<25).map { _ in try server.connect() }
                for _ in 0..<20 { try ada.chat("1", as: "Ada") }
                for client in leaving { client.socket.reset() }
                for _ in 0..<20 {
                    seq += 1
                    #expect(try ada.hear().contains(#""seq":\#(seq),"#))
                    #expect(try listener.hear().contains(#""seq":\#(seq),"#))
                }
            }
            try await eventually("only two are left") { server.node.state.connections == 2 }
        }
    }

    @Test func `a member that does not read costs the others no copy of what it lacks`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let deaf = try server.connectDeaf(while: ada, as: "Ada")
            #expect(try await server.node.hub.fromEach { $0.gathered.count } == [0])
            _ = deaf
        }
    }

    @Test func `every member hears everything, in order, over the pauses`() async throws {
        try await run { (server) async throws in
            let ada = try server.connect("Ada")
            let listeners = try (0..<20).map { _ in try server.connect() }
            for _ in 0..<200 { try ada.chat("1", as: "Ada") }
            for client in [ada] + listeners {
                for seq in 1...200 { #expect(try client.hear().contains(#""seq":\#(seq),"#)) }
            }
        }
    }
}
