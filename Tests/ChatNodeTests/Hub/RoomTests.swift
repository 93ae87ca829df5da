import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// What clients of `chat.v1` hear, through sockets.
@Suite struct RoomTests {
    private let flags = ["loops": "2", "message-rate": "0", "byte-rate": "0"]

    private typealias Place = RoomClient.Place

    private func connect(
        to server: TestServer,
        _ name: String? = nil,
        room: String = "lobby"
    ) throws -> RoomClient {
        try RoomClient(port: server.port, room: room, name: name)
    }

    private func say(_ range: ClosedRange<Int>, by client: TestWebSocket) throws -> [String] {
        for value in range { try client.chat("\(value)", as: "Ada") }
        return try range.map { _ in try client.hear() }
    }

    @Test func `nothing is heard before a join, and then the same bytes as by plain clients`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let clients = try (0..<4).map { _ in try connect(to: server) }
            _ = try say(1...3, by: ada)
            for client in clients {
                let joined = try client.join()
                #expect(joined.count == 2)
                #expect(try Place(joined[0]).seq == 3)
                #expect(joined[1] == #"{"type":"synced","room":"lobby","seq":3}"#)
            }
            let said = try say(4...6, by: ada)
            for client in clients { #expect(try (4...6).map { _ in try client.hear() } == said) }
        }
    }

    @Test func `after a leave nothing is heard, and a join begins anew`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let client = try connect(to: server)
            try client.join()
            let said = try say(1...1, by: ada)
            #expect(try client.hear() == said[0])
            try client.socket.say(#"{"type":"leave"}"#)
            try client.socket.say(#"{"type":"ping"}"#)
            #expect(try client.hear() == #"{"type":"pong"}"#)
            _ = try say(2...2, by: ada)
            #expect(try Place(client.join()[0]).seq == 2)
        }
    }

    @Test func `a speaker need not join, and has an ack for what it numbers`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let listener = try server.connect()
            let ada = try connect(to: server, "Ada")
            for n in 1...3 { try ada.socket.say(#"{"type":"chat","value":\#(n),"n":\#(n)}"#) }
            for n in 1...3 {
                let heard = try Place(listener.hear(), epoch: "")
                let ack = try ada.hear()
                #expect(ack.hasPrefix(#"{"type":"ack","n":\#(n),"room":"lobby","mid":"#))
                #expect(try Place(ack, epoch: "") == heard)
            }
        }
    }

    @Test func `who comes back with its position gets what it has missed, and then what is said`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let first = try connect(to: server)
            let start = try Place(first.join()[0])
            var said = try say(1...20, by: ada)
            // One client for each place where a client can have stood, on both loops.
            for missing in [20, 20, 7, 1, 0] {
                let last = said.count - missing - 1
                let stood =
                    last < 0 ? start : try Place(said[last], epoch: start.epoch)
                let client = try connect(to: server)
                let heard = try client.join(since: stood)
                #expect(heard[0].contains(#","recovered":true"#))
                #expect(try Place(heard[0]) == stood)
                #expect(Array(heard.dropFirst().dropLast()) == Array(said.suffix(missing)))
                #expect(heard.last == #"{"type":"synced","room":"lobby","seq":\#(said.count)}"#)
                said += try say(21...21, by: ada)
                #expect(try client.hear() == said.last)
            }
        }
    }

    @Test
    func `who comes back to an empty room stands where it stood, and hears the first message once`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            var client = try connect(to: server, room: "empty")
            let start = try Place(client.join()[0])
            #expect(start.seq == 0)
            var since = start
            for _ in 1...3 {
                client.socket.socket.close()
                client = try connect(to: server, room: "empty")
                let heard = try client.join(since: since)
                #expect(heard.count == 2)
                #expect(heard[0].hasPrefix(#"{"type":"joined","room":"empty","epoch":"#))
                #expect(heard[0].contains(#","recovered":true"#))
                since = try Place(heard[0])
                #expect(since == start)
                #expect(heard.last == #"{"type":"synced","room":"empty","seq":0}"#)
            }
            let ada = try connect(to: server, "Ada", room: "empty")
            try ada.say("1", n: 1)
            _ = try ada.hearAck(of: 1)
            try client.hear(upTo: 1)
            #expect(client.place?.seq == 1)
            // No other message follows the first one.
            try client.socket.say(#"{"type":"ping"}"#)
            #expect(try client.hear() == #"{"type":"pong"}"#)
            #expect(client.values == ["1"])
        }
    }

    @Test func `a position that is not of the room's history is not recovered`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let client = try connect(to: server)
            let start = try Place(client.join()[0])
            let said = try say(1...5, by: ada)
            let third = try Place(said[2], epoch: start.epoch)
            var wrong = [third, third, third, third]
            wrong[0].mid = "abcdefgh.3"
            wrong[1].seq = 4
            wrong[2].seq = 1000
            // Written in an epoch that the client has not seen.
            wrong[3].epoch = "1"
            for stood in wrong {
                let heard = try connect(to: server).join(since: stood)
                #expect(heard.count == 2)
                #expect(heard[0].contains(#","recovered":false"#))
                #expect(try Place(heard[0]) == Place(said[4], epoch: start.epoch))
            }
        }
    }

    @Test func `a position beyond what the node keeps in memory is not recovered`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let client = try connect(to: server)
            let start = try Place(client.join()[0])
            // A batch is dropped as a whole, so a little more than the bound stays.
            let count = Limits.backlogMessages * 2
            let said = try say(1...count, by: ada)
            let heard = try connect(to: server).join(since: start)
            #expect(heard[0].contains(#","recovered":false"#))
            let kept = try Place(said[count - Limits.backlogMessages / 2], epoch: start.epoch)
            #expect(try connect(to: server).join(since: kept)[0].contains(#""recovered":true"#))
        }
    }

    @Test func `a client that reads slowly gets its replay, its synced and the rest in order`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let first = try connect(to: server)
            let start = try Place(first.join()[0])
            let value = String(repeating: "x", count: 10_000)
            for _ in 1...60 {
                try ada.chat(#""\#(value)""#, as: "Ada")
                _ = try ada.hear()
            }
            let slow = try RoomClient(port: server.port, receiveBufferBytes: 4096).socket
            try slow.say(#"{"type":"join","since":\#(start.since)}"#)
            try server.block { shard in
                shard.rooms[.lobby]?.tables.contains { table in
                    table.encoding == .v1
                        && table.slots.contains { shard.writers[Int($0)].isBlocked }
                } ?? false
            }
            // It asks where it stands while it is behind: it is told when it is not any more.
            try slow.say(#"{"type":"join"}"#)
            try ada.chat("61", as: "Ada")
            _ = try ada.hear()
            var heard: [String] = []
            // 61 messages, and twice what a join is answered with.
            while heard.count < 61 + 4 { heard.append(try slow.hear()) }
            var position = try Place(heard[0])
            #expect(position == start)
            for text in heard.dropFirst() {
                if text.contains(#""type":"joined""#) {
                    #expect(try Place(text) == position)
                } else if text.contains(#""type":"chat""#) {
                    let next = try Place(text, epoch: start.epoch)
                    #expect(next.seq == position.seq + 1)
                    position = next
                } else {
                    #expect(text == #"{"type":"synced","room":"lobby","seq":\#(position.seq)}"#)
                }
            }
            #expect(position.seq == 61)
        }
    }

    @Test func `a room has an order of its own, and a message reaches its members only`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let plain = try server.connect()
            let rooms = ["a", "b", "lobby"]
            let members = try rooms.flatMap { room in
                try (0..<3).map { _ in try connect(to: server, room: room) }
            }
            for member in members { try member.join() }
            let speakers = try rooms.enumerated().map { index, room in
                try connect(to: server, "user\(index)", room: room)
            }
            for n in 1...10 {
                for (index, speaker) in speakers.enumerated() { try speaker.say("\(index)", n: n) }
            }
            for member in members {
                try member.hear(upTo: 10)
                let own = rooms.firstIndex(of: member.room).map { "\($0)" }
                #expect(Set(member.values) == Set([own]))
                #expect(member.place?.seq == 10)
            }
            for _ in 1...10 { #expect(try plain.hear().contains(#""username":"user2""#)) }
        }
    }

    @Test func `a client begins ten rooms and is told when it may begin the next`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let client = try connect(to: server)
            for number in 1...11 {
                try client.socket.say(#"{"type":"join","room":"r\#(number)"}"#)
                #expect(try Place(client.hear()).seq == 0)
                _ = try client.hear()
            }
            try client.socket.say(#"{"type":"join","room":"r12"}"#)
            let refusal = try client.hear()
            #expect(refusal.contains(#""code":"rate_limited","room":"r12","retry_ms":"#))
            // Another one has begun it.
            let other = try connect(to: server)
            try other.socket.say(#"{"type":"join","room":"r12"}"#)
            _ = try (1...2).map { _ in try other.hear() }
            // The client's loop may hear of that a moment after the other one's.
            var answer = ""
            for _ in 1...40 where !answer.hasPrefix(#"{"type":"joined","room":"r12","#) {
                try client.socket.say(#"{"type":"join","room":"r12"}"#)
                answer = try client.hear()
            }
            #expect(answer.hasPrefix(#"{"type":"joined","room":"r12","#))
        }
    }

    @Test func `joins of a client that reads nothing end with its socket`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let name = String(repeating: "x", count: 15_000)
            for _ in 1...4 {
                let deaf = try RoomClient(port: server.port, receiveBufferBytes: 4096).socket
                // Each is answered with what it says, until more waits than may wait.
                for number in 1...400 {
                    let text =
                        number.isMultiple(of: 7)
                        ? #"{"type":"join","room":"r\#(number % 5)"}"#
                        : #"{"type":"x","username":"\#(name)"}"#
                    do { try deaf.say(text) } catch { break }
                }
                deaf.socket.close()
            }
            try ada.chat("1", as: "Ada")
            #expect(try ada.hear().contains(#""value":1,"#))
            try await eventually("all are gone") { server.node.state.connections == 1 }
            let members = try await server.node.hub.fromEach { shard in
                shard.rooms.values.flatMap(\.tables).filter { $0.encoding == .v1 }.count
            }
            #expect(members.allSatisfy { $0 == 0 })
        }
    }
}
