import ChatSupport
import TestSupport
import Testing

@testable import ChatCore
@testable import ChatNode

/// Requests that wait for pages of a room's log, or for each other: what becomes of them when something
/// else happens first.
@Suite struct LogRequestTests {
    private let flags = ["loops": "1", "message-rate": "0", "byte-rate": "0"]

    /// Does something on the node's only loop with a room and the id of the first client.
    private func with<Answer: Sendable>(
        _ name: String,
        on server: TestServer,
        _ body: @escaping @Sendable (Shard, Room, SocketID) -> Answer
    ) async throws -> Answer {
        let name = try RoomName(name)
        let answers = try await server.node.hub.fromEach { shard -> Answer? in
            guard let room = shard.rooms[name], let id = shard.connection(at: 0)?.id else {
                return nil
            }
            return body(shard, room, id)
        }
        guard let answer = answers.first ?? nil else { throw Unexpected("no room \(name.text)") }
        return answer
    }

    private static let newest = Session.HistoryRange(before: .max, limit: 5)

    @Test
    func `a room for which a request waits is kept until the request is answered or given up`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port, room: "b")
            try client.join()
            let isKept = try await with("b", on: server) { shard, room, id in
                // One request is under way, and the next one waits for it; nothing else holds the room.
                shard.requests.clients[id] = .init()
                shard.request(.join(.init(last: 5)), of: room.name, by: id)
                guard let connection = shard.connection(id) else { return [false] }
                for membership in connection.memberships.all {
                    membership.table.remove(at: membership.place) { _, _ in }
                    room.remove(membership.table)
                }
                connection.memberships = Memberships()
                shard.roomClosed(room.name)
                let isKept = shard.rooms[room.name] === room
                shard.updateRequests { $0.forget(id, into: &$1) }
                return [isKept, shard.rooms[room.name] == nil]
            }
            #expect(isKept == [true, true])
            // The session believes to hear the room, which is gone.
            try client.socket.say(#"{"type":"join","room":"b"}"#)
            #expect(try client.hear().contains(#""code":"unavailable""#))
        }
    }

    @Test func `a request for older messages of a room that its client leaves is answered`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port, room: "b")
            try client.join()
            try await with("b", on: server) { shard, _, id in shard.requests.clients[id] = .init() }
            try client.socket.say(#"{"type":"history","room":"b","id":7}"#)
            try client.socket.say(#"{"type":"leave","room":"b"}"#)
            #expect(try client.hear().contains(#""code":"not_in_room","room":"b","id":7"#))
        }
    }

    @Test func `a backlog is not trimmed while a page that ends before it is read`() async throws {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port, room: "b", name: "Ada")
            try client.join()
            for n in 1...10 { try client.say("\(n)", n: n) }
            try client.hear(upTo: 10)
            try client.socket.say(#"{"type":"ping"}"#)
            _ = try client.socket.hearText { $0.contains("pong") }
            try await with("b", on: server) { shard, room, id in
                _ = room.shrink()
                let subject = Session.Subject(room: "b", id: Array("1".utf8))
                shard.request(.history(Self.newest, subject), of: room.name, by: id)
                let start = room.history.backlog.start
                // More than a backlog keeps, before the page comes.
                for _ in 0...Limits.backlogMessages {
                    let frame = FramedBatch(framing: Array("{}".utf8))
                    shard.deliver(frame, to: room.name, arrivedAt: Clock.now)
                }
                #expect(room.history.backlog.start == start)
            }
            let answer = try client.socket.hearText { $0.hasPrefix(#"{"type":"history""#) }
            #expect(answer.contains(#""value":10,"#))
        }
    }

    @Test func `a client that is ahead waits on though the loop has just entered the room`()
        async throws
    {
        try await TestServer.run(flags) { (server) async throws in
            let client = try RoomClient(port: server.port, room: "b")
            try client.join()
            let waiting = try await with("b", on: server) { shard, room, id -> [Int] in
                guard let place = room.history.position, let connection = shard.connection(id)
                else { return [] }
                let ahead = Position(epoch: place.epoch, seq: place.seq + 5, mid: place.mid)
                shard.leaveRooms(connection)
                shard.request(.join(.init(since: .position(ahead))), of: room.name, by: id)
                room.entries = 1
                shard.roomOpened(room.name, at: place)
                let first = shard.requests.count
                // Now it has been caught up with.
                shard.roomOpened(room.name, at: place)
                return [first, shard.requests.count]
            }
            #expect(waiting == [1, 0])
        }
    }
}
