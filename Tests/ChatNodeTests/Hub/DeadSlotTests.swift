import ChatCore
import ChatRedis
import TestSupport
import Testing

@testable import ChatNode

/// Places whose clients have gone: the numbers of their descriptors belong to other sockets.
@Suite struct DeadSlotTests {
    @Test func `a session that outlives its socket has a writer that is shut`() async throws {
        let redis = try await TestRedis.start()
        let flags = [
            "loops": "1", "redis": "redis://127.0.0.1:\(redis.port)", "new-cluster": "true",
        ]
        try await TestServer.run(flags) { (server) async throws in
            // Repeated if the machine was so slow that Redis was given up before the check, or
            // continued for a moment.
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
                    try await server.node.hub.fromEach {
                        $0.rooms.values.allSatisfy(\.tables.isEmpty)
                    }
                        == [true]
                }
                let (open, left) = try await server.node.hub.fromEach { shard in
                    (shard.writers.count { $0.takesFrames }, server.node.state.connections)
                }[0]
                redis.resume()
                #expect(open == 0)
                // The claim that was sent has no answer. Those of the others were not sent, and were
                // taken out when their sockets closed.
                if left == 1 { return }
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

    @Test func `a client that resets after a page and an upgrade leaves no member in the room`()
        async throws
    {
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
            let members = try await server.node.hub.fromEach {
                $0.rooms[.lobby]?.tables.map(\.count)
            }
            #expect(members == [[1]])
            // This client gets the place of the one that was reset.
            let next = try server.connect()
            for value in 1...3 { try ada.chat("\(value)", as: "Ada") }
            for value in 1...3 { #expect(try next.hear().contains(#""value":\#(value),"#)) }
            try next.send(frame: 9)
            #expect(try next.hearFrame().opcode == 10)
        }
    }

    @Test func `names are free at once, however many vanish together`() async throws {
        try await TestServer.run(["loops": "1"]) { (server) async throws in
            // Connected before the others: epoll reports first a socket that it has just reported.
            let newcomer = try server.connect()
            // Tearing them all down takes several batches.
            let clients = try (0..<300).map { try server.connect("user\($0)") }
            try server.whileStopped {
                for client in clients { client.socket.close() }
                try newcomer.say(#"{"type":"login","username":"user299"}"#)
            }
            let answer = try newcomer.hear()
            #expect(answer.contains("logged_in"))
        }
    }

    @Test func `a member whose writer is shut is not closed for being late`() {
        var writer = SocketWriter()
        writer.shut()
        #expect(writer.isClosing)
        #expect(!writer.takesFrames)
    }

    private func blocked(_ server: TestServer) async throws -> Int {
        try await server.node.hub.fromEach { $0.writers.count { $0.isBlocked } }.reduce(0, +)
    }
}
