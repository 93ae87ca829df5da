import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// Places whose clients have gone: their descriptors' numbers are somebody else's.
@Suite struct DeadSlotTests {
    @Test func `a session that outlives its socket has a door that is shut`() async throws {
        let redis = try await TestRedis.start()
        let flags = [
            "loops": "1", "redis": "redis://127.0.0.1:\(redis.port)", "new-cluster": "true",
        ]
        try await TestServer.run(flags) { (server) async throws in
            // Again where the machine was so slow that Redis was given up before it was looked, or
            // went on for a moment.
            #expect(try await server.node.isReady())
            for _ in 0..<5 {
                try await eventually("Redis is there, and nobody else") {
                    let state = server.node.state
                    return state.withoutBrokerSince == nil && state.connections == 0
                }
                let clients = try (0..<8).map { _ in try server.connect() }
                redis.pause()
                for (index, client) in clients.enumerated() {
                    try client.say(#"{"type":"login","username":"user\#(index)"}"#)
                    try client.send(frame: 9)
                    // The login has been read; it may have been answered before the pause.
                    while try client.hearFrame().opcode != 10 {}
                    client.socket.reset()
                }
                try await eventually("all have left the room") {
                    try await server.node.hub.fromEach { $0.rooms.isEmpty } == [true]
                }
                let (open, left) = try await server.node.hub.fromEach { shard in
                    (shard.doors.count { $0.takesFrames }, server.node.state.connections)
                }[0]
                redis.resume()
                #expect(open == 0)
                if left == clients.count { return }
            }
            throw Unexpected("no session has outlived its socket")
        }
    }

    @Test func `a client that was blocked and has gone is not counted among the blocked`()
        async throws
    {
        let flags = ["loops": "1", "message-rate": "0", "byte-rate": "0"]
        try await TestServer.run(flags) { (server) async throws in
            let ada = try server.connect("Ada")
            let deaf = try server.connectDeaf(while: ada, as: "Ada")
            try await eventually("one is blocked") { try await blocked(server) == 1 }
            deaf.socket.reset()
            try await eventually("only Ada is there") { server.node.state.connections == 1 }
            #expect(try await blocked(server) == 0)
        }
    }

    @Test func `who resets behind a page and an upgrade leaves nobody in the room`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            try server.whileStopped {
                let stranger = try TestSocket(port: server.port)
                // As long as the first read, so that the second request is read when the answer to
                // this one fails: the channel reads what is left, inside that write.
                var page = "GET / HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n"
                let missing = Limits.readBufferMinimumBytes - page.utf8.count
                page.replace("A: ", with: "A: " + String(repeating: "a", count: missing))
                try stranger.send(page + TestWebSocket.request())
                stranger.reset()
            }
            let ada = try server.connect("Ada")
            try await eventually("the stranger is gone") { server.node.state.connections == 1 }
            let members = try await server.node.hub.fromEach { $0.rooms[.lobby]?.count }
            #expect(members == [1])
            // The place that was the stranger's.
            let next = try server.connect()
            for value in 1...3 { try ada.chat("\(value)", as: "Ada") }
            for value in 1...3 { #expect(try next.hear().contains(#""value":\#(value),"#)) }
            try next.send(frame: 9)
            #expect(try next.hearFrame().opcode == 10)
        }
    }

    @Test func `names are free at once, however many vanish together`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            // Before the others: epoll tells first of a socket that it has just told of.
            let newcomer = try server.connect()
            // Seeing them all off takes several stretches.
            let clients = try (0..<300).map { try server.connect("user\($0)") }
            try server.whileStopped {
                for client in clients { client.socket.close() }
                try newcomer.say(#"{"type":"login","username":"user299"}"#)
            }
            let answer = try newcomer.hear()
            #expect(answer.contains("logged_in"))
        }
    }

    @Test func `a door that is shut is closed to nobody for being late`() {
        var door = Door()
        door.shut()
        #expect(door.isClosing)
        #expect(!door.takesFrames)
    }

    private func blocked(_ server: TestServer) async throws -> Int {
        try await server.node.hub.fromEach { $0.doors.count { $0.isBlocked } }.reduce(0, +)
    }
}
