import ChatCore
import TestSupport
import Testing

/// Redis is stopped for a while, and clients of `chat.v1` ask for what needs it and for what does not.
@Suite struct RoomPauseTests {
    private let flags = ["--message-rate", "0"]
    private let clock = ContinuousClock()
    /// A request that needs Redis is refused after `Limits.publishPatience`, seen a tick later, or after a call is given up
    /// (`Limits.redisCommandTimeout`); and three seconds for a busy machine.
    private let patience = Duration.seconds(5)

    private func cluster() async throws -> TestCluster {
        try await TestCluster.start(nodes: 1, flags: flags)
    }

    @Test func `a number that is said again while it is on its way is acknowledged once`()
        async throws
    {
        let cluster = try await cluster()
        let ada = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        cluster.redis.pause()
        for _ in 1...2 { try ada.say("1", n: 1) }
        // The node has read both when it answers what came after them.
        try ada.socket.say(#"{"type":"ping"}"#)
        #expect(try ada.hear() == #"{"type":"pong"}"#)
        cluster.redis.resume()
        var acks: [String] = []
        try ada.say("2", n: 2)
        while acks.last?.contains(#""n":2,"#) != true {
            acks.append(try ada.socket.hearText { $0.contains(#""type":"ack""#) })
        }
        #expect(acks.count == 2, "\(acks)")
        let listener = try RoomClient(port: cluster.nodes[0].port, room: "a")
        try listener.join(history: 10)
        #expect(listener.values == ["1", "2"])
    }

    @Test
    func
        `a room that the node does not hear is refused in time, and what it hears is left at once`()
        async throws
    {
        let cluster = try await cluster()
        let ada = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try ada.join()
        cluster.redis.pause()
        let start = clock.now
        try ada.say("1", n: 1)
        try ada.socket.say(#"{"type":"join","room":"b"}"#)
        let refusal = try ada.hear()
        #expect(refusal.contains(#""code":"unavailable","room":"b","retry_ms":"#), "\(refusal)")
        #expect(clock.now - start < patience)
        // The join has left nothing behind, and a client leaves a room that it hears without Redis.
        for (room, answer) in [("b", #""code":"not_in_room""#), ("a", #"{"type":"pong"}"#)] {
            try ada.socket.say(#"{"type":"leave","room":"\#(room)"}"#)
            try ada.socket.say(#"{"type":"ping"}"#)
            #expect(try ada.hear().contains(answer))
            if room == "b" { #expect(try ada.hear() == #"{"type":"pong"}"#) }
        }
        // The message on its way is settled when Redis is back. A later one is refused, and said again then.
        try ada.say("2", n: 2)
        let late = try ada.hear()
        #expect(late.contains(#""code":"unavailable","room":"a","n":2,"retry_ms":"#), "\(late)")
        cluster.redis.resume()
        _ = try ada.hearAck(of: 1)
        try ada.say("2", n: 2)
        _ = try ada.hearAck(of: 2)
        let listener = try RoomClient(port: cluster.nodes[0].port, room: "a")
        try listener.join(history: 10)
        #expect(listener.values == ["1", "2"])
    }

    @Test
    func `a client has as many messages behind its login as it may, and further ones are refused`()
        async throws
    {
        let cluster = try await cluster()
        let ada = try RoomClient(port: cluster.nodes[0].port, room: "a")
        cluster.redis.pause()
        try ada.socket.say(#"{"type":"login","username":"Ada"}"#)
        let most = Limits.waitingMessages
        for n in 1...most + 3 { try ada.say("\(n)", n: n) }
        for n in most + 1...most + 3 {
            let refusal = try ada.hear()
            #expect(refusal.contains(#""code":"rate_limited""#), "\(refusal)")
            #expect(refusal.contains(#""n":\#(n),"#), "\(refusal)")
        }
        cluster.redis.resume()
        #expect(try ada.hear().hasPrefix(#"{"type":"logged_in""#))
        try ada.hearAcks(of: 1...most)
    }
}
