import ChatCore
import TestSupport
import Testing

@testable import ChatNode
@testable import ChatSupport

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

    /// Whether the only member of the lobby that knows rooms is blocked, and is still to be sent a message.
    private func isBlocked(_ server: TestServer, before seq: UInt64) async throws -> Bool {
        try await server.node.hub.fromEach { shard in
            guard let room = shard.rooms[.lobby], let table = room.v1Table else { return false }
            let cursor = table.cursor(at: 0)
            // One that lacks more than the backlog has is further back.
            let next = room.history.position(at: cursor).map { $0.seq + 1 } ?? 0
            return shard.writers[Int(table.slots[0])].isBlocked && next <= seq
        }.contains(true)
    }

    @Test func `a member that reads nothing for 30 s is closed with 4000`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try slow.join()
            // 600 kB block it.
            try say(60, bytes: 10_000, by: ada)
            #expect(try await isBlocked(server, before: 60))
            // As if that were 30 s ago.
            _ = try await server.node.hub.fromEach { shard in
                for slot in shard.writers.indices where shard.writers[slot].isBlocked {
                    let connection = shard.connection(at: Int32(slot))
                    connection?.liveness.blocked(now: Clock.now + (.zero - Limits.stallTimeout))
                    connection?.remindWhenDue()
                }
            }
            try await eventually("it is closed") {
                server.metrics.scrape().contains(#"{reason="too_slow"} 1"#)
            }
            var close: FrameDecoder.Frame?
            while close == nil {
                let frame = try slow.socket.hearFrame()
                if frame.opcode == 8 { close = frame }
            }
            #expect(close?.closeCode == 4000)
        }
    }

    /// In the first case the backlog has the message when it is removed, in the other only the log has it when
    /// the member reads.
    @Test(arguments: [0, 1500])
    func `a member that does not read is not sent what is removed meanwhile`(later: Int)
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let eve = try RoomClient(port: server.port, name: "Eve")
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try slow.join()
            // 600 kB block it.
            try say(60, bytes: 10_000, by: ada)
            try eve.say(#""secret""#, n: 1)
            let place = try RoomClient.Place(try eve.hearAck(of: 1), epoch: "")
            if later > 0 { try say(later, bytes: 1, by: ada) }
            #expect(try await isBlocked(server, before: UInt64(place.seq)))
            try eve.socket.say(
                #"{"type":"remove","seq":\#(place.seq),"mid":"\#(place.mid)","n":2}"#
            )
            _ = try eve.hearAck(of: 2)
            try say(1, bytes: 1, by: ada)
            var texts: [String] = []
            while slow.place?.seq != 63 + later { texts.append(try slow.hear()) }
            #expect(slow.removed == [place.seq])
            #expect(slow.values.count == 61 + later)
            #expect(slow.gaps.isEmpty && slow.resets.isEmpty)
            #expect(!texts.joined().contains("secret"))
        }
    }

    @Test func `a member that does not read is not told who has written meanwhile`() async throws {
        // One loop: it tells all members in one turn.
        try await TestServer.run(flags.merging(["loops": "1"]) { $1 }) { (server) async throws in
            let ada = try server.connect("Ada")
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try slow.join()
            try say(60, bytes: 10_000, by: ada)
            #expect(try await isBlocked(server, before: 60))
            let reader = try RoomClient(port: server.port)
            try reader.join()
            let writers = try ["Eve", "Bob"].map { try RoomClient(port: server.port, name: $0) }
            try writers[0].socket.say(#"{"type":"typing"}"#)
            #expect(try reader.hear() == #"{"type":"typing","room":"lobby","users":["Eve"]}"#)
            try say(1, bytes: 1, by: ada)
            var texts: [String] = []
            while slow.values.count < 61 { texts.append(try slow.hear()) }
            #expect(!texts.joined().contains("typing"))
            // It reads now, and is told of the next one as the others are.
            try writers[1].socket.say(#"{"type":"typing"}"#)
            var told = ""
            while !told.contains(#""users":["#) || !told.contains("Bob") { told = try slow.hear() }
            #expect(told.hasPrefix(#"{"type":"typing","room":"lobby","users":["#))
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
