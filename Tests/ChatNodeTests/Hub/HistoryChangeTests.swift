import ChatCore
import ChatSupport
import TestSupport
import Testing

@testable import ChatNode

/// What clients are told of changes of a room's history, through sockets. Each loop is told of them as a
/// backend would.
@Suite struct HistoryChangeTests {
    private let flags = ["loops": "2", "message-rate": "0", "byte-rate": "0"]

    private typealias Place = RoomClient.Place

    private func say(_ range: ClosedRange<Int>, by client: TestWebSocket) throws {
        for value in range {
            try client.chat("\(value)", as: "Ada")
            #expect(try client.hear().contains(#""value":\#(value),"#))
        }
    }

    /// Tells every loop of a new epoch of the lobby in which nothing, or the newest messages, are lost.
    private func beginEpoch(_ server: TestServer, losing count: UInt64 = 0) async throws {
        _ = try await server.node.hub.fromEach { shard in
            guard let room = shard.rooms[.lobby], let position = room.history.position,
                let base = room.history.backlog.position(at: room.history.backlog.end - Int(count))
                    ?? room.history.position
            else { return }
            let next = Position(epoch: position.epoch + 1, seq: base.seq, mid: base.mid)
            shard.reset(.lobby, to: next)
        }
    }

    private func publication(
        _ seqs: ClosedRange<UInt64>,
        after prev: MessageID,
        epoch: UInt64
    ) -> Publication {
        Publication(
            room: .lobby,
            epoch: epoch,
            firstSeq: seqs.lowerBound,
            prev: prev,
            ms: 1,
            items: seqs.map {
                .init(
                    mid: MessageID(producer: prev.producer, n: 1_000 + $0),
                    body: Array(#"{"type":"chat","username":"Eve","value":\#($0)}"#.utf8)
                )
            }
        )
    }

    @Test func `a new epoch in which nothing is lost is told, and who missed nothing is recovered`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let members = try (0..<4).map { _ in try RoomClient(port: server.port) }
            for member in members { try member.join() }
            try say(1...3, by: ada)
            for member in members { try member.hear(upTo: 3) }
            let before = try #require(members[0].place)
            try await beginEpoch(server)
            try say(4...5, by: ada)
            for member in members {
                try member.hear(upTo: 5)
                try #require(member.resets.count == 1)
                #expect(member.resets[0].seq == 3 && member.resets[0].mid == before.mid)
                #expect(member.resets[0].epoch != before.epoch)
            }
            // Who stayed has the new epoch; who was away has the former one, and is told.
            for place in [try #require(members[0].place), before] {
                for _ in 0..<2 {
                    let back = try RoomClient(port: server.port)
                    try back.join(since: place)
                    #expect(back.isRecovered == true)
                    #expect(back.place == members[0].place)
                }
            }
        }
    }

    @Test func `a tail that is lost is void, and its clients are told what stands`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let member = try RoomClient(port: server.port)
            try member.join()
            try say(1...5, by: ada)
            try member.hear(upTo: 5)
            let void = try #require(member.place)
            try await beginEpoch(server, losing: 2)
            _ = try await server.node.hub.fromEach { [self] shard in
                guard let base = shard.rooms[.lobby]?.history.position else { return }
                let new = publication(4...4, after: base.mid, epoch: base.epoch)
                shard.deliver(FramedBatch(framing: new), to: .lobby, arrivedAt: Clock.now)
                let again = publication(5...6, after: new.items[0].mid, epoch: base.epoch)
                let batch = FramedBatch(framing: again, isRepeated: true)
                shard.deliver(batch, to: .lobby, arrivedAt: Clock.now)
            }
            while member.place?.seq != 6 { _ = try member.hear() }
            #expect(member.values == ["1", "2", "3", "4", "5", "6"])
            #expect(member.resets.map(\.seq) == [3])
            // The plain client is sent the new message, and nothing else.
            #expect(try ada.hear().contains(#""username":"Eve","value":4,"seq":4,"#))
            try ada.say(#"{"type":"login","username":"Ada"}"#)
            #expect(try ada.hear().hasPrefix(#"{"type":"logged_in""#))
            let back = try RoomClient(port: server.port)
            try back.join(since: void)
            #expect(back.isRecovered == false)
            #expect(back.place == member.place)
        }
    }

    @Test func `messages that are lost to the node are a gap, and close plain clients`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let member = try RoomClient(port: server.port)
            try member.join()
            try say(1...2, by: ada)
            try member.hear(upTo: 2)
            let before = try #require(member.place)
            _ = try await server.node.hub.fromEach { [self] shard in
                guard let position = shard.rooms[.lobby]?.history.position else { return }
                shard.missed(3...6, in: .lobby)
                let next = publication(7...8, after: position.mid, epoch: position.epoch)
                shard.deliver(FramedBatch(framing: next), to: .lobby, arrivedAt: Clock.now)
            }
            #expect(try ada.hearClose().closeCode == 4000)
            while member.place?.seq != 8 { _ = try member.hear() }
            #expect(member.gaps == [3...6])
            #expect(member.values == ["1", "2", "7", "8"])
            let back = try RoomClient(port: server.port)
            try back.join(since: before)
            #expect(back.isRecovered == false)
            #expect(back.gaps == [3...6])
            #expect(back.values == ["7", "8"])
            try member.socket.say(#"{"type":"ping"}"#)
            #expect(try member.hear() == #"{"type":"pong"}"#)
        }
    }

    @Test func `what the log has before a void start is read`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            try say(1...5, by: ada)
            // As if the node had heard the room from message 4 on, and 4 and 5 were void.
            _ = try await server.node.hub.fromEach { shard in
                guard let room = shard.rooms[.lobby] else { return }
                let base = room.history.backlog.position(at: room.history.backlog.end - 2)
                _ = room.history.shrink(passed: room.history.backlog.end - 2)
                if let base { shard.reset(.lobby, to: base) }
            }
            try await eventually("the broadcast has passed the reset") {
                let passed = try await server.node.hub.fromEach { $0.dirtyTables.isEmpty }
                return passed.allSatisfy { $0 }
            }
            let late = try RoomClient(port: server.port)
            try late.join(history: 9)
            #expect(late.values == ["1", "2", "3"])
            #expect(late.place?.seq == 3)
        }
    }

    @Test func `a room that was closed under its members goes on after a gap`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let member = try RoomClient(port: server.port)
            try member.join()
            try say(1...2, by: ada)
            try member.hear(upTo: 2)
            _ = try await server.node.hub.fromEach { shard in
                guard let stood = shard.rooms[.lobby]?.history.position else { return }
                let mid = MessageID(producer: stood.mid.producer, n: 99)
                shard.roomClosed(.lobby)
                shard.roomOpened(.lobby, at: Position(epoch: stood.epoch, seq: 5, mid: mid))
            }
            while member.resets.isEmpty { _ = try member.hear() }
            #expect(member.gaps == [3...5])
            #expect(member.place?.seq == 5)
            #expect(member.values == ["1", "2"])
            #expect(try ada.hearClose().closeCode == 4000)
        }
    }

    @Test func `a client that reads slowly is told of a reset in its place`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096)
            try slow.join()
            let plain = try server.connectDeaf(while: ada, as: "Ada")
            try await beginEpoch(server)
            let value = String(repeating: "x", count: 10_000)
            for _ in 1...20 {
                try ada.chat(#""\#(value)""#, as: "Ada")
                _ = try ada.hear()
            }
            try slow.hear(upTo: 80)
            #expect(slow.resets.map(\.seq) == [60])
            for seq in 1...80 { #expect(try plain.hear().contains(#"","seq":\#(seq),"#)) }
        }
    }
}
