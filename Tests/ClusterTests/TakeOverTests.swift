import Glibc
import TestSupport
import Testing

/// Clients of `chat.v1` that come back to their names on other nodes.
@Suite struct TakeOverTests {
    private let flags = ["--message-rate", "0"]

    /// Checks that another client holds a name. While new logins wait, in a new epoch, it asks again.
    private func expectTaken(_ name: String, session: String? = nil, at port: Int) throws {
        let proof = session.map { #","session":"\#($0)""# } ?? ""
        let client = try RoomClient(port: port)
        var answer = ""
        repeat {
            try client.socket.say(#"{"type":"login","username":"\#(name)"\#(proof)}"#)
            answer = try client.socket.hearText { $0.contains(#""type":"log"#) }
        } while answer.contains(#""value":"unavailable""#)
        #expect(answer.hasPrefix(#"{"type":"login_failure","username":"\#(name)","value":"taken""#))
    }

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
        // A name that is not taken over before it is freed.
        let bob = try RoomClient(port: cluster.nodes[0].port, name: "Bob")
        try await cluster.kill(0)
        bob.socket.socket.close()
        // At once: the secret needs no certificate that the node is dead.
        let new = try RoomClient(port: cluster.nodes[1].port, room: "a")
        let login = try new.login("Ada", session: secret)
        #expect(login.isResumed && login.acked == 5)
        try new.say("6", n: 6)
        _ = try new.hearAck(of: 6)
        // A stranger gets nothing, neither now nor when the dead node's names are freed.
        try expectTaken("Ada", at: cluster.nodes[1].port)
        try await eventually("the dead node's names are freed", within: .seconds(20)) {
            try await cluster.redis.cli("KEYS", "chat/held/*").split(separator: "\n").count == 1
        }
        try expectTaken("Ada", at: cluster.nodes[1].port)
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
        // The name that lingered there was given up with the node: it is whose claim comes first, before
        // the node can count as dead.
        let stranger = try RoomClient(port: cluster.nodes[1].port, room: "a")
        #expect(try stranger.login("Bob").isResumed == false)
        try expectTaken("Bob", session: other, at: cluster.nodes[1].port)
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
        try await eventually("the name lingers") {
            try await cluster.redis.cli("HGET", "chat/name/ada", "linger") == "1"
        }
        let epoch = try await cluster.redis.cli("HGET", "chat/epoch", "epoch")
        try await cluster.redis.restart()
        try await eventually("the name is claimed again in the new epoch", within: .seconds(10)) {
            let now = try await cluster.redis.cli("HGET", "chat/name/ada", "epoch")
            return !now.isEmpty && now != epoch
        }
        try expectTaken("Ada", at: cluster.nodes[1].port)
        let new = try RoomClient(port: cluster.nodes[1].port, room: "a")
        let login = try new.login("Ada", session: secret)
        #expect(login.isResumed && login.acked == 1)
    }

    @Test func `a stopped node says nothing for a login that was taken over meanwhile, in no room`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let listeners = try ["a", "b"].map { try RoomClient(port: cluster.nodes[1].port, room: $0) }
        for listener in listeners { try listener.join() }
        let old = try RoomClient(port: cluster.nodes[0].port, room: "a")
        let secret = try old.login("Ada").session
        for n in 1...3 { try old.say("\(n)", n: n) }
        _ = try old.hearAck(of: 3)
        cluster.nodes[0].process.stop()
        // They wait in the stopped node's socket.
        for n in 4...6 { try old.say("\"stale\"", n: n, in: n.isMultiple(of: 2) ? "a" : "b") }
        let new = try RoomClient(port: cluster.nodes[1].port, room: "b")
        let login = try new.login("Ada", session: secret)
        #expect(login.isResumed && login.acked == 3)
        for n in 4...6 { try new.say("\(n)", n: n) }
        _ = try new.hearAck(of: 6)
        cluster.nodes[0].process.signal(SIGCONT)
        var last = ""
        while let text = try? old.socket.hear(), !last.contains("replaced") { last = text }
        #expect(last.contains(#""reason":"replaced""#))
        for n in 7...8 { try new.say("\(n)", n: n) }
        _ = try new.hearAck(of: 8)
        try listeners[0].hear(upTo: 3)
        try listeners[1].hear(upTo: 5)
        #expect(listeners[0].values == ["1", "2", "3"])
        #expect(listeners[1].values == ["4", "5", "6", "7", "8"])
        for listener in listeners {
            try listener.socket.say(#"{"type":"ping"}"#)
            #expect(try listener.hear() == #"{"type":"pong"}"#)
        }
    }

    @Test func `a name that lingers is no stranger to its node's search for forgotten names`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 1, flags: flags)
        let redis = cluster.redis
        let old = try RoomClient(port: cluster.nodes[0].port)
        let secret = try old.login("Ada").session
        let held = try await redis.cli("KEYS", "*held/*")
        old.socket.socket.close()
        try await eventually("the name lingers") {
            try await redis.cli("HGET", "chat/name/ada", "linger") == "1"
        }
        // One that no session knows tells when the search is over.
        try await redis.cli("HSET", held, "ghost", "x")
        // A node searches whenever it is told its registration again.
        try await redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try await eventually("the ghost is gone") {
            try await redis.cli("HEXISTS", held, "ghost") == "0"
        }
        #expect(try await redis.cli("HGET", "chat/name/ada", "linger") == "1")
        #expect(try await redis.cli("HEXISTS", held, "ada") == "1")
        let new = try RoomClient(port: cluster.nodes[0].port)
        #expect(try new.login("Ada", session: secret).isResumed)
    }

    @Test func `news of a take-over that a node could not hear is made up for`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let old = try RoomClient(port: cluster.nodes[0].port)
        let secret = try old.login("Ada").session
        // Stopped, the node does not subscribe anew before the news is out.
        cluster.nodes[0].process.stop()
        try await cluster.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
        let new = try RoomClient(port: cluster.nodes[1].port)
        try await eventually("the name is taken over") {
            (try? new.login("Ada", session: secret))?.isResumed == true
        }
        cluster.nodes[0].process.signal(SIGCONT)
        #expect(try old.hear().contains(#""reason":"replaced""#))
        #expect(try old.socket.hearClose().closeCode == 4001)
    }
}
