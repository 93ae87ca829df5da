import TestSupport
import Testing

@testable import ChatNode

/// Every client receives every message once, in one order, on every loop.
@Suite struct FanOutTests {
    /// Returns the `seq` of a `chat`.
    private func seq(_ text: String) -> Int? {
        guard let found = text.firstRange(of: #""seq":"#) else { return nil }
        return Int(text[found.upperBound...].prefix { $0 != "," })
    }

    @Test func `clients on all loops hear all senders in one order, without a hole`() async throws {
        let flags = ["loops": "2", "message-rate": "0", "byte-rate": "0"]
        try await TestServer.run(flags) { (server) async throws in
            let listeners = try (0..<8).map { _ in try server.connect() }
            let senders = try (0..<4).map { try server.connect("user\($0)") }
            for round in 0..<50 {
                for (index, sender) in senders.enumerated() {
                    try sender.chat("\(round)", as: "user\(index)")
                }
            }
            var orders: Set<[String]> = []
            for client in listeners + senders {
                let heard = try (0..<200).map { _ in try client.hear() }
                #expect(heard.map(seq) == (1...200).map { $0 })
                orders.insert(heard)
            }
            #expect(orders.count == 1)
        }
    }

    @Test func `a socket hears the lobby from the moment it opens, and not before`() async throws {
        try await TestServer.run { (server) async throws in
            let ada = try server.connect("Ada")
            try ada.chat("1", as: "Ada")
            _ = try ada.hear()
            let late = try server.connect()
            try ada.chat("2", as: "Ada")
            #expect(try late.hear().contains(#""value":2,"seq":2"#))
        }
    }

    @Test func `a message sent just before closing arrives, a hundred times`() async throws {
        try await TestServer.run { (server) async throws in
            let listener = try server.connect()
            for round in 1...100 {
                // A new name each round: the last one may become free a moment after its message
                // came.
                let client = try server.connect("user\(round)")
                try client.chat("\(round)", as: "user\(round)")
                client.socket.close()
                #expect(try listener.hear().contains(#""value":\#(round),"seq":\#(round),"#))
            }
        }
    }

    @Test func `logins whose sockets close at once leave no name behind`() async throws {
        try await TestServer.run(["loops": "2"]) { (server) async throws in
            let login = #"{"type":"login","username":"Ada"}"#
            for round in 0..<200 {
                let client = try server.connect()
                try client.say(login)
                if round.isMultiple(of: 2) { client.socket.close() } else { client.socket.reset() }
            }
            try await eventually("the name is free") { (try? server.connect("Ada")) != nil }
        }
    }

    @Test func `one of many clients that want a name at once gets it`() async throws {
        try await TestServer.run(["loops": "2"]) { (server) async throws in
            let clients = try (0..<20).map { _ in try server.connect() }
            for name in ["Ada", "Grace", "Edsger"] {
                for client in clients { try client.say(#"{"type":"login","username":"\#(name)"}"#) }
                let winners = try clients.filter { try $0.hear().contains("logged_in") }
                #expect(winners.count == 1)
            }
        }
    }

    @Test func `a client that never reads costs the others nothing, and is closed`() async throws {
        let flags = ["message-rate": "0", "byte-rate": "0"]
        try await TestServer.run(flags) { (server) async throws in
            let deaf = try TestWebSocket(port: server.port, receiveBufferBytes: 4096)
            let ada = try server.connect("Ada")
            let value = String(repeating: "x", count: 10_000)
            // Far more than the backlog of `Limits.backlogBytes`.
            for round in 1...400 {
                try ada.chat(#""\#(value)""#, as: "Ada")
                #expect(seq(try ada.hear()) == round)
            }
            // The close frame cannot get through; after `Limits.closeTimeout` the connection is
            // cut.
            try await eventually("the deaf one is gone") { server.node.state.connections == 1 }
            _ = deaf
        }
    }

    @Test func `a client that reads slowly gets everything, in order`() async throws {
        let flags = ["message-rate": "0", "byte-rate": "0"]
        try await TestServer.run(flags) { (server) async throws in
            let slow = try TestWebSocket(port: server.port, receiveBufferBytes: 4096)
            let ada = try server.connect("Ada")
            let value = String(repeating: "x", count: 1500)
            // More than the kernel holds for one socket, less than the backlog.
            for round in 1...500 {
                try ada.chat(#""\#(value)""#, as: "Ada")
                #expect(seq(try ada.hear()) == round)
            }
            for round in 1...500 { #expect(seq(try slow.hear()) == round) }
        }
    }

    @Test func `answers reach a client between the room's frames, however slowly it reads`()
        async throws
    {
        let flags = ["message-rate": "0", "byte-rate": "0"]
        try await TestServer.run(flags) { (server) async throws in
            let slow = try TestWebSocket(port: server.port, receiveBufferBytes: 4096)
            let ada = try server.connect("Ada")
            let value = String(repeating: "x", count: 1500)
            for _ in 1...300 { try ada.chat(#""\#(value)""#, as: "Ada") }
            for _ in 1...20 { try slow.send(frame: 9, [7]) }
            var pongs = 0
            var last = 0
            while pongs < 20 || last < 300 {
                let frame = try slow.hearFrame()
                if frame.opcode == 10 {
                    pongs += 1
                } else {
                    #expect(seq(frame.text) == last + 1)
                    last += 1
                }
            }
        }
    }
}
