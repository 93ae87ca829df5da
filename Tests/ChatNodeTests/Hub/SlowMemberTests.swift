import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// Members that read so slowly that the node does not hold in memory what they lack.
@Suite struct SlowMemberTests {
    private let flags = [
        "loops": "2", "message-rate": "0", "byte-rate": "0", "history": "5000",
    ]

    /// Lets a speaker say messages of a length.
    private func say(_ count: Int, bytes: Int, by speaker: TestWebSocket) throws {
        let value = String(repeating: "x", count: bytes)
        for _ in 1...count {
            try speaker.chat(#""\#(value)""#, as: "Ada")
            _ = try speaker.hear()
        }
    }

    @Test func `what the log has no more either is told as a gap, and the rest follows`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try slow.join()
            // More than the backlog, the log and the kernel hold.
            try say(400, bytes: 10_000, by: ada)
            while slow.place?.seq != 400 { _ = try slow.hear() }
            #expect(slow.gaps.count == 1)
            #expect(slow.resets.isEmpty)
            let lost = try #require(slow.gaps.first)
            #expect(slow.values.count == 400 - lost.count)
            try say(1, bytes: 1, by: ada)
            #expect(try slow.hear().contains(#""seq":401,"#))
        }
    }

    @Test func `what only the log still has is read from there, and nothing is missing`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let slow = try (0..<3).map { _ in
                let client = try RoomClient(port: server.port, receiveBufferBytes: 4096)
                try client.join()
                return client
            }
            // 600 kB block a member, and 1,500 messages more are in the log but not in the backlog.
            try say(60, bytes: 10_000, by: ada)
            try say(1500, bytes: 1, by: ada)
            let starts = try await server.node.hub.fromEach { shard in
                shard.rooms[.lobby]?.history.backlog.start ?? 0
            }
            #expect(starts.allSatisfy { $0 > 60 })
            for client in slow {
                try client.hear(upTo: 1560)
                #expect(client.gaps.isEmpty)
            }
            try say(1, bytes: 1, by: ada)
            for client in slow { try client.hear(upTo: 1561) }
        }
    }

    @Test func `one that asks where it stands is told when it has what it lacked`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try slow.join()
            try say(400, bytes: 10_000, by: ada)
            try slow.socket.say(#"{"type":"join"}"#)
            try slow.socket.say(#"{"type":"ping"}"#)
            try say(1, bytes: 1, by: ada)
            var texts: [String] = []
            while texts.last?.hasPrefix(#"{"type":"synced""#) != true {
                texts.append(try slow.hear())
            }
            #expect(slow.place?.seq == 401)
            #expect(slow.gaps.count == 1)
            #expect(texts.last == #"{"type":"synced","room":"lobby","seq":401}"#)
            #expect(texts.filter { $0.hasPrefix(#"{"type":"joined""#) }.count == 1)
            #expect(texts.contains(#"{"type":"pong"}"#))
        }
    }
}
