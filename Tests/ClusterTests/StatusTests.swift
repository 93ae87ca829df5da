import TestSupport
import Testing

/// What clients of `chat.v1` are told of a node that loses its Redis, and has it again.
@Suite struct StatusTests {
    @Test func `a client is told ok after what it has missed, though its room is readable late`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 1, flags: ["--message-rate", "0"])
        let redis = cluster.redis
        let proxy = try TestProxy(to: redis.port)
        defer { proxy.close() }
        // On one loop, both clients' turns come with the same tick.
        let node = try await TestNodeProcess.begin([
            "--redis", "redis://127.0.0.1:\(proxy.port)", "--node-id", "n2", "--loops", "1",
        ])
        try await eventually("it is ready") { try node.status(of: "/readyz") == 200 }
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        let clients = try ["a", "lobby"].map { try RoomClient(port: node.port, room: $0) }
        for client in clients {
            try client.join()
            if client.statuses.last == "degraded" { #expect(try client.hearStatus() == "ok") }
        }
        proxy.cut()
        for client in clients { #expect(try client.hearStatus() == "degraded") }
        for n in 1...5 { try speaker.say("\(n)", n: n) }
        _ = try speaker.hearAck(of: 5)
        // The room cannot be caught up with for a while.
        try await redis.cli("RENAME", "chat/room/a", "away")
        try await redis.cli("SET", "chat/room/a", "x")
        proxy.mend()
        #expect(try clients[1].hearStatus() == "ok")
        try clients[0].socket.say(#"{"type":"ping"}"#)
        #expect(try clients[0].hear() == #"{"type":"pong"}"#)
        #expect(clients[0].statuses.last == "degraded")
        try await redis.cli("RENAME", "away", "chat/room/a")
        #expect(try clients[0].hearStatus() == "ok")
        #expect(clients[0].values == ["1", "2", "3", "4", "5"])
        #expect(clients[0].gaps.isEmpty)
    }
}
