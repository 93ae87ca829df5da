import TestSupport
import Testing

/// Messages that are taken back, in a cluster: their text is in no frame that is sent afterwards.
@Suite struct RemovalClusterTests {
    private let flags = ["--message-rate", "0"]

    /// Says three messages in a room, of which the second is the secret one, and returns its place.
    private func say(_ speaker: RoomClient) throws -> RoomClient.Place {
        for (n, value) in ["1", #""secret""#, "3"].enumerated() { try speaker.say(value, n: n + 1) }
        var place: RoomClient.Place?
        for n in 1...3 {
            let ack = try speaker.hearAck(of: n)
            if n == 2 { place = try RoomClient.Place(ack, epoch: "") }
        }
        guard let place else { throw Unexpected("no place") }
        return place
    }

    private func remove(
        _ place: RoomClient.Place,
        n: Int,
        by client: RoomClient
    ) throws -> String {
        try client.socket.say(
            #"{"type":"remove","room":"\#(client.room)","seq":\#(place.seq),"mid":"\#(place.mid)","n":\#(n)}"#
        )
        return try client.hearAck(of: n)
    }

    /// What a client that comes now is sent of the room's history, in any way.
    private func texts(_ port: Int, since: RoomClient.Place? = nil) throws -> String {
        let client = try RoomClient(port: port, room: "a")
        let joined = try client.join(since: since, history: since == nil ? 100 : nil)
        return joined.joined(separator: "\n") + "\n" + (try client.history(limit: 100))
    }

    @Test(arguments: [true, false])
    func `the operator says for how long clients take messages back`(hasRedis: Bool) async throws {
        let flags = ["--removal-window", "0s"]
        let cluster = hasRedis ? try await TestCluster.start(nodes: 1, flags: flags) : nil
        let alone = hasRedis ? nil : try await TestNodeProcess.start(flags)
        let port = try #require(cluster?.nodes[0].port ?? alone?.port)
        let speaker = try RoomClient(port: port, room: "a", name: "Ada")
        let place = try say(speaker)
        let refusal = #expect(throws: Unexpected.self) { try remove(place, n: 4, by: speaker) }
        let text = try #require(refusal).description
        #expect(text.contains(#""code":"forbidden""#), "\(text)")
        withExtendedLifetime((cluster, alone)) {}
    }

    @Test
    func `members, late ones, and readers of the history are sent no text that was taken back`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let (first, second) = (cluster.nodes[0].port, cluster.nodes[1].port)
        let speaker = try RoomClient(port: first, room: "a")
        let login = try speaker.login("Ada")
        let members = try [first, second].map { try RoomClient(port: $0, room: "a") }
        for member in members { try member.join() }
        let start = members[0].place
        let plain = try cluster.connect(to: 1)
        let place = try say(speaker)
        for member in members { try member.hear(upTo: 3) }
        let away = members[1].place
        #expect(try remove(place, n: 4, by: speaker).contains(#""seq":4"#))
        for member in members {
            while member.removed.isEmpty { _ = try member.hear() }
            #expect(member.removed == [place.seq])
        }
        for port in [first, second] {
            for since in [nil, start, away] {
                let all = try texts(port, since: since)
                #expect(
                    !all.contains("secret")
                        && all.contains(#""of":{"seq":2,"mid":"\#(place.mid)"}"#)
                )
            }
        }
        // Another user has not said it.
        let other = try RoomClient(port: second, room: "a", name: "Bob")
        let refusal = #expect(throws: Unexpected.self) { try remove(place, n: 1, by: other) }
        #expect(try #require(refusal).description.contains(#""code":"forbidden""#))
        // Once more, from the same node and from the other one: it is done already.
        #expect(try remove(place, n: 5, by: speaker).contains(#""dup":true"#))
        let again = try RoomClient(port: second, room: "a")
        #expect(try again.login("Ada", session: login.session).isResumed)
        #expect(try remove(place, n: 6, by: again).contains(#""dup":true"#))
        try again.say("4", n: 7)
        for member in members { try member.hear(upTo: 4) }
        // A plain client hears of nothing of it: it is in the lobby, and removals there are not told to it.
        let lobby = try RoomClient(port: first, name: "Eve")
        let target = try say(lobby)
        #expect(try remove(target, n: 4, by: lobby).contains(#""seq":4"#))
        try lobby.say("5", n: 5)
        var heard: [String] = []
        while heard.last?.contains(#""value":5"#) != true { heard.append(try plain.hear()) }
        // Its node may have had the removal before it has sent the text.
        #expect(heard.count == 3 || heard.count == 4)
        #expect(heard.allSatisfy { $0.contains(#""type":"chat""#) })
    }

    @Test
    func `a node that starts later, and one that reads the log, have no text that was taken back`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        let place = try say(speaker)
        #expect(try remove(place, n: 4, by: speaker).contains(#""seq":4"#))
        try await cluster.kill(1)
        try await cluster.restart(1)
        #expect(!(try texts(cluster.nodes[1].port)).contains("secret"))
        #expect(!(try await cluster.redis.cli("XRANGE", "chat/log/a", "-", "+")).contains("secret"))
    }

    @Test func `a text does not come back with an older copy of the log, nor with a new data set`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        let members = try cluster.nodes.map { try RoomClient(port: $0.port, room: "a") }
        for member in members { try member.join() }
        let place = try say(speaker)
        _ = try await cluster.redis.cli("COPY", "chat/log/a", "kept:log")
        _ = try await cluster.redis.cli("COPY", "chat/room/a", "kept:room")
        #expect(try remove(place, n: 4, by: speaker).contains(#""seq":4"#))
        for member in members { while member.removed.isEmpty { _ = try member.hear() } }
        // As after a failover to a replica that had not heard of the removal.
        _ = try await cluster.redis.cli("COPY", "kept:log", "chat/log/a", "REPLACE")
        _ = try await cluster.redis.cli("COPY", "kept:room", "chat/room/a", "REPLACE")
        try await cluster.redis.restart()
        for member in members { while member.resets.isEmpty { _ = try member.hear() } }
        for node in cluster.nodes {
            #expect(!(try texts(node.port)).contains("secret"))
        }
        // The nodes that had heard of it take it back once more, and one that starts later has no text.
        try await eventually("the text is gone again") {
            try await !cluster.redis.cli("XRANGE", "chat/log/a", "-", "+").contains("secret")
        }
        try await cluster.kill(1)
        try await cluster.restart(1)
        #expect(!(try texts(cluster.nodes[1].port)).contains("secret"))
    }

    @Test(arguments: [true, false])
    func `a text does not come back with a replica that is promoted`(hasHeard: Bool) async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags, hasProxy: true)
        let replica = try await cluster.redis.startReplica()
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        let members = try cluster.nodes.map { try RoomClient(port: $0.port, room: "a") }
        for member in members { try member.join() }
        let place = try say(speaker)
        for member in members { try member.hear(upTo: 3) }
        let log = { try await replica.cli("XRANGE", "chat/log/a", "-", "+") }
        try await eventually("the replica has the text") { try await log().contains("secret") }
        // A primary that does not exist: the replica hears nothing more.
        if !hasHeard { try await replica.cli("REPLICAOF", "127.0.0.1", "1") }
        #expect(try remove(place, n: 4, by: speaker).contains(#""seq":4"#))
        for member in members { while member.removed.isEmpty { _ = try member.hear() } }
        if hasHeard {
            try await eventually("the replica has the removal") {
                try await !log().contains("secret")
            }
        }
        #expect(try await log().contains("secret") != hasHeard)
        try await cluster.redis.kill()
        try await replica.cli("REPLICAOF", "NO", "ONE")
        try #require(cluster.proxy).redirect(to: replica.port)
        var frames: [String] = []
        for member in members {
            while member.resets.isEmpty { frames.append(try member.hear()) }
        }
        for node in cluster.nodes {
            #expect(!(try texts(node.port)).contains("secret"))
            #expect(!(try texts(node.port, since: members[0].resets[0])).contains("secret"))
        }
        try await eventually("the text is gone") { try await !log().contains("secret") }
        try await eventually("the room takes messages") { try isHeard("5", n: 5, by: speaker) }
        for member in members {
            while member.values.last != "5" { frames.append(try member.hear()) }
        }
        #expect(!frames.joined().contains("secret"))
        try await cluster.kill(1)
        try await cluster.restart(1)
        #expect(!(try texts(cluster.nodes[1].port)).contains("secret"))
    }

    /// Says a message, and returns whether it is accepted.
    private func isHeard(_ value: String, n: Int, by speaker: RoomClient) throws -> Bool {
        try speaker.say(value, n: n)
        while true {
            let text = try speaker.hear()
            if text.hasPrefix(#"{"type":"ack","n":\#(n),"#) { return true }
            if text.hasPrefix(#"{"type":"error""#) { return false }
        }
    }

    @Test func `a message that is no longer kept is not found`() async throws {
        let cluster = try await TestCluster.start(nodes: 1, flags: flags + ["--history", "4"])
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        let place = try say(speaker)
        for n in 4...12 { try speaker.say("\(n)", n: n) }
        _ = try speaker.hearAck(of: 12)
        try speaker.socket.say(
            #"{"type":"remove","room":"a","seq":\#(place.seq),"mid":"\#(place.mid)","n":13}"#
        )
        let answer = try speaker.socket.hearText { $0.contains(#""n":13"#) }
        #expect(answer.contains(#""code":"not_found""#))
        try speaker.say("13", n: 13)
        _ = try speaker.hearAck(of: 13)
    }

    @Test func `who writes is told on every node, and no more when that is not said again`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let members = try cluster.nodes.map { try RoomClient(port: $0.port, room: "a") }
        for member in members { try member.join() }
        let ada = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try ada.socket.say(#"{"type":"typing","room":"a"}"#)
        for member in members {
            #expect(try member.hear() == #"{"type":"typing","room":"a","users":["Ada"]}"#)
        }
        // `Limits.typingLifetime` later.
        for member in members {
            #expect(try member.hear() == #"{"type":"typing","room":"a","users":[]}"#)
        }
    }

    @Test func `the operator removes a message with a command`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        let member = try RoomClient(port: cluster.nodes[0].port, room: "a")
        try member.join()
        let place = try say(speaker)
        let port = "\(cluster.nodes[1].port)"
        func command(_ seq: String, _ mid: String) async throws -> (Int, String) {
            let process = try TestProcess(
                TestProcess.chatnode,
                ["remove", "a", seq, mid, "--reason", "spam & more", "--port", port]
            )
            return (try await process.exitCode(), process.output)
        }
        let done = try await command("\(place.seq)", place.mid)
        #expect(done.0 == 0 && done.1.contains("removed; the room is told so in message 4"))
        var text = ""
        while member.removed.isEmpty { text = try member.hear() }
        #expect(text.contains(#""by":"admin","reason":"spam & more""#))
        #expect(!(try texts(cluster.nodes[0].port)).contains("secret"))
        #expect(try await command("\(place.seq)", place.mid).1.contains("removed before"))
        #expect(try await command("99", place.mid).0 == 65)
        #expect(try await command("1", "nonsense").0 == 64)
    }
}
