import Glibc
import TestSupport
import Testing

/// Clients of `chat.v1` that come back to their names on other nodes.
@Suite struct TakeOverTests {
    private let flags = ["--message-rate", "0"]

    @Test func `a name is taken over from node to node, and each message is said once`()
        async throws
    {
        let cluster = try await TestCluster.start(flags: flags)
        let listener = try RoomClient(port: cluster.nodes[0].port, room: "a")
        try listener.join()
        var last: RoomClient?
        var secret: String?
        for n in 1...12 {
            let next = try RoomClient(port: cluster.nodes[n % 3].port, room: "a")
            let login = try next.login("Ada", session: secret)
            #expect(login.isResumed == (n > 1))
            #expect(login.acked == n - 1)
            if let last {
                #expect(try last.hear().contains(#""reason":"replaced""#))
                #expect(try last.socket.hearClose().closeCode == 4001)
            }
            // What was accepted before is said again, as after a lost answer.
            if n > 1 {
                try next.say("\(n - 1)", n: n - 1)
                #expect(try next.hearAck(of: n - 1).contains(#""dup":true"#))
            }
            try next.say("\(n)", n: n)
            _ = try next.hearAck(of: n)
            (last, secret) = (next, login.session)
        }
        try listener.hear(upTo: 12)
        #expect(listener.values == (1...12).map { "\($0)" })
    }

    @Test func `after a crash of its node a client has its name and its numbers elsewhere`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let old = try RoomClient(port: cluster.nodes[0].port, room: "a")
        let secret = try old.login("Ada").session
        for n in 1...5 { try old.say("\(n)", n: n) }
        _ = try old.hearAck(of: 5)
        try await cluster.kill(0)
        // At once: the secret needs no certificate that the node is dead.
        let new = try RoomClient(port: cluster.nodes[1].port, room: "a")
        let login = try new.login("Ada", session: secret)
        #expect(login.isResumed && login.acked == 5)
        try new.say("6", n: 6)
        _ = try new.hearAck(of: 6)
        // A stranger gets nothing, neither now nor when the dead node's names are freed.
        let stranger = try RoomClient(port: cluster.nodes[1].port, room: "a")
        #expect(throws: Unexpected.self) { try stranger.login("Ada") }
    }

    @Test func `a node that stops keeps a name for its user, who has the numbers elsewhere`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let old = try RoomClient(port: cluster.nodes[0].port, room: "a")
        let secret = try old.login("Ada").session
        try old.say("1", n: 1)
        _ = try old.hearAck(of: 1)
        let gone = try RoomClient(port: cluster.nodes[0].port, room: "a")
        let other = try gone.login("Bob").session
        gone.socket.socket.close()
        cluster.nodes[0].process.signal(SIGTERM)
        #expect(try old.socket.hearClose().closeCode == 1012)
        #expect(try await cluster.nodes[0].process.exitCode() == 0)
        let new = try RoomClient(port: cluster.nodes[1].port, room: "a")
        let login = try new.login("Ada", session: secret)
        #expect(login.isResumed && login.acked == 1)
        // The name that lingered there was given up with the node.
        let bob = try RoomClient(port: cluster.nodes[1].port, room: "a")
        #expect(try bob.login("Bob", session: other).isResumed)
    }

    @Test func `a name that lingers is kept through a Redis that restarts, and in the new epoch`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let old = try RoomClient(port: cluster.nodes[0].port, room: "a")
        let secret = try old.login("Ada").session
        try old.say("1", n: 1)
        _ = try old.hearAck(of: 1)
        old.socket.socket.close()
        try await cluster.redis.restart()
        var resumed: RoomClient.Login?
        try await eventually("the name is taken over", within: .seconds(20)) {
            let new = try RoomClient(port: cluster.nodes[1].port, room: "a")
            resumed = try? new.login("Ada", session: secret)
            return resumed != nil
        }
        #expect(resumed?.isResumed == true)
    }
}
