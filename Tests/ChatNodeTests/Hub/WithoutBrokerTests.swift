import ChatCore
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

/// A node that has been without its broker for long: the test sets since when.
@Suite struct WithoutBrokerTests {
    @Test func `a node is lost after two minutes, and not before`() {
        let since = Clock.now
        let state = NodeState(label: "n1", withoutBrokerSince: since)
        #expect(!state.isLost(since + .seconds(119.9)))
        #expect(state.isLost(since + .seconds(120)))
        state.withoutBrokerSince = nil
        #expect(!state.isLost(since + .seconds(3600)))
    }

    @Test func `a node says after ten seconds that it is not ready, and always that it lives`()
        async throws
    {
        try await TestServer.run { (server) async throws in
            let state = server.node.state
            // Ten seconds are a minute away, so that no machine is too slow.
            state.withoutBrokerSince = Clock.now + .seconds(50)
            #expect(try server.get("/readyz").hasPrefix("HTTP/1.1 200 "))
            state.withoutBrokerSince = Clock.now + .seconds(-10)
            let answer = try server.get("/readyz")
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.contains("without Redis for 1"))
            #expect(try server.get("/healthz").hasPrefix("HTTP/1.1 200 "))
            state.withoutBrokerSince = nil
            #expect(try server.get("/readyz").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a node's clients are sent elsewhere after two minutes, and so are new ones`()
        async throws
    {
        try await TestServer.run { (server) async throws in
            let clients = try (0..<20).map { try server.connect("user\($0)") }
            server.node.state.withoutBrokerSince = Clock.now + .seconds(-120)
            // At the next tick of each loop (`Limits.wheelTick`).
            for client in clients { #expect(try client.hearClose().closeCode == 1013) }
            #expect(try server.connect().hearClose().closeCode == 1013)
            server.node.state.withoutBrokerSince = nil
            let ada = try server.connect("user0")
            try ada.chat("1", as: "user0")
            #expect(try ada.hear().contains(#""value":1"#))
        }
    }

    @Test func `more clients than one tick sends away all leave`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let clients = try (0...Limits.drainsPerTurn).map { _ in try server.connect() }
            server.node.state.withoutBrokerSince = Clock.now + .seconds(-120)
            for client in clients { #expect(try client.hearClose().closeCode == 1013) }
        }
    }

    @Test func `clients of chat.v1 are told that the broker is missing, and that it is back`()
        async throws
    {
        try await TestServer.run(["loops": "2"]) { (server) async throws in
            let plain = try server.connect()
            let clients = try (0..<4).map { _ in try RoomClient(port: server.port) }
            server.node.state.withoutBrokerSince = Clock.now
            for client in clients { #expect(try client.hearStatus() == "degraded") }
            // A new client is told at once.
            #expect(try RoomClient(port: server.port).hearStatus() == "degraded")
            server.node.state.withoutBrokerSince = nil
            for client in clients { #expect(try client.hearStatus() == "ok") }
            let ada = try server.connect("Ada")
            try ada.chat("1", as: "Ada")
            #expect(try plain.hear().hasPrefix(#"{"type":"chat""#))
        }
    }

    @Test func `a client is told that the broker is back once its own rooms are open again`()
        async throws
    {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            let clients = try ["lobby", "a", "b"].map {
                try RoomClient(port: server.port, room: $0)
            }
            for client in clients { try client.join() }
            let state = server.node.state
            let places = try await server.node.hub.fromEach { shard in
                shard.roomsShut()
                state.withoutBrokerSince = Clock.now
                return shard.rooms.mapValues(\.history.position)
            }[0]
            func open(_ room: String) async throws {
                let name = try RoomName(room)
                let place = try #require(places[name] ?? nil)
                _ = try await server.node.hub.fromEach { $0.roomOpened(name, at: place) }
            }
            for client in clients { #expect(try client.hearStatus() == "degraded") }
            try await open("lobby")
            state.withoutBrokerSince = nil
            #expect(try clients[0].hearStatus() == "ok")
            try await open("b")
            #expect(try clients[2].hearStatus() == "ok")
            // A room that was left is not waited for.
            try clients[1].socket.say(#"{"type":"ping"}"#)
            #expect(try clients[1].hear() == #"{"type":"pong"}"#)
            #expect(clients[1].statuses == ["degraded"])
            try clients[1].socket.say(#"{"type":"leave","room":"a"}"#)
            #expect(try clients[1].hearStatus() == "ok")
        }
    }
}
