import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// What the backlogs of all rooms keep together.
@Suite struct BacklogBoundTests {
    private let flags = ["loops": "1", "message-rate": "0", "byte-rate": "0"]

    @Test func `all rooms keep no more than they may, and who comes back has it from the log`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            _ = try await server.node.hub.fromEach { shard in
                shard.maxBacklogBytes = 20_000
                shard.weighingBytes = 1_000
            }
            let text = "\"\(String(repeating: "x", count: 100))\""
            let clients = try (0..<8).map { index in
                try RoomClient(port: server.port, room: "room\(index)", name: "user\(index)")
            }
            var places: [RoomClient.Place?] = []
            for client in clients {
                try client.join()
                places.append(client.place)
                // Some 9 KB in each room.
                for n in 1...50 { try client.say(text, n: n) }
                try client.hear(upTo: 50)
            }
            let kept = try await server.node.hub.fromEach { shard in
                shard.rooms.values.reduce(0) { $0 + $1.history.backlog.byteCount }
            }
            #expect(kept.allSatisfy { (9_000...25_000).contains($0) }, "\(kept)")
            for (client, place) in zip(clients, places) {
                let back = try RoomClient(port: server.port, room: client.room)
                try back.join(since: place)
                #expect(back.isRecovered == true)
                #expect(back.values == client.values)
            }
        }
    }
}
