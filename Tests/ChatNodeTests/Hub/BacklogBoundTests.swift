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

    @Test func `a room keeps no message in memory that is older than history-age`() async throws {
        let flags = flags.merging(["history-age": "2m"]) { $1 }
        /// Returns the lobby's message with a number; Redis took it this long after the first one.
        func message(_ seq: UInt64, after milliseconds: Int64) throws -> FramedBatch {
            let ids = try (seq - 1...seq).map { try #require(MessageID("abcdefgh.\($0)")) }
            let publication = Publication(
                room: .lobby,
                epoch: 0,
                firstSeq: seq,
                prev: ids[0],
                ms: 1_000_000 + milliseconds,
                items: [.init(mid: ids[1], body: Array("{}".utf8))]
            )
            return FramedBatch(framing: publication)
        }
        let messages = try [message(1, after: 0), message(2, after: 1), message(3, after: 120_001)]
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port)
            try client.join()
            let kept = try await server.node.hub.fromEach { shard in
                let room = shard.rooms[.lobby]
                for batch in messages { room?.history.append(batch) }
                let end = room?.history.backlog.end ?? 0
                room?.history.trim(passed: end)
                return room?.history.backlog.cursor(ofNewest: 2) == end - 2
                    && room?.history.backlog.cursor(ofNewest: 3) == nil
            }
            #expect(kept == [true])
        }
    }
}
