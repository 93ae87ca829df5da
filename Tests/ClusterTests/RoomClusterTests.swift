import TestSupport
import Testing

/// Clients of `chat.v1` on several nodes.
@Suite struct RoomClusterTests {
    private let flags = ["--message-rate", "0"]

    @Test func `a room's members hear it on every node, and no other room`() async throws {
        let cluster = try await TestCluster.start(flags: flags)
        let members = try ["a", "b"].flatMap { room in
            try cluster.nodes.map { try RoomClient(port: $0.port, room: room) }
        }
        for member in members { try member.join() }
        // Speakers are in no room; one speaks in a room that has no member on its node.
        let speakers = try cluster.nodes.enumerated().map { index, node in
            try RoomClient(port: node.port, room: index == 0 ? "a" : "b", name: "user\(index)")
        }
        for n in 1...20 {
            for (index, speaker) in speakers.enumerated() { try speaker.say("\(index)", n: n) }
        }
        for speaker in speakers {
            let seqs = try (1...20).map {
                try RoomClient.Place(speaker.hearAck(of: $0), epoch: "").seq
            }
            #expect(seqs == seqs.sorted())
        }
        for member in members {
            try member.hear(upTo: member.room == "a" ? 20 : 40)
            let said = Set(member.values)
            #expect(said == (member.room == "a" ? ["0"] : ["1", "2"]))
        }
        #expect(Set(members.suffix(3).map(\.values)).count == 1)
    }

    @Test func `a room that its node has forgotten is whole for a client that comes back`()
        async throws
    {
        // No ping comes while nothing is read.
        let flags = flags + ["--ping-interval", "1h"]
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        func nodesThatHear() async throws -> String? {
            try await cluster.redis.cli("PUBSUB", "NUMSUB", "chat:a").split(separator: "\n").last
                .map(String.init)
        }
        let speaker = try RoomClient(port: cluster.nodes[1].port, room: "a", name: "Ada")
        try speaker.join()
        let member = try RoomClient(port: cluster.nodes[0].port, room: "a")
        try member.join()
        try speaker.say("1", n: 1)
        try member.hear(upTo: 1)
        let place = try #require(member.place)
        #expect(try await nodesThatHear() == "2")
        try member.socket.say(#"{"type":"leave","room":"a"}"#)
        // After 30 s (`Limits.roomLinger`); ten for a busy machine.
        try await eventually("the node hears the room no more", within: .seconds(40)) {
            try await nodesThatHear() == "1"
        }
        for n in 2...5 { try speaker.say("\(n)", n: n) }
        _ = try speaker.hearAck(of: 5)
        try member.join(since: place)
        #expect(member.isRecovered == true)
        #expect(member.values == ["1", "2", "3", "4", "5"])
        #expect(try await nodesThatHear() == "2")
    }

    @Test func `a client is told which number is due, and goes on there on another node, too`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let listener = try RoomClient(port: cluster.nodes[1].port, room: "a")
        try listener.join()
        /// Says a number that is not due.
        func skip(to n: Int, due: Int, by speaker: RoomClient) throws {
            try speaker.say("\(n)", n: n)
            let answer = try speaker.hear()
            #expect(answer.hasPrefix(#"{"type":"error","#))
            #expect(answer.hasSuffix(#""code":"resend","room":"a","n":\#(n),"from":\#(due)}"#))
        }
        let first = try RoomClient(port: cluster.nodes[0].port, room: "a")
        let secret = try first.login("Ada").session
        try first.say("1", n: 1)
        _ = try first.hearAck(of: 1)
        try skip(to: 3, due: 2, by: first)
        try skip(to: 4, due: 2, by: first)
        for n in 2...4 { try first.say("\(n)", n: n) }
        _ = try first.hearAck(of: 4)
        let second = try RoomClient(port: cluster.nodes[1].port, room: "a")
        #expect(try second.login("Ada", session: secret).acked == 4)
        try skip(to: 7, due: 5, by: second)
        for n in 5...7 { try second.say("\(n)", n: n) }
        _ = try second.hearAck(of: 7)
        try listener.hear(upTo: 7)
        #expect(listener.values == (1...7).map { "\($0)" })
    }

    @Test
    func `clients of a node that is killed come back elsewhere, with nothing lost or doubled`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try speaker.join()
        var members = try (0..<20).map { _ in try RoomClient(port: cluster.nodes[1].port, room: "a")
        }
        for member in members { try member.join() }
        for n in 1...50 { try speaker.say("\(n)", n: n) }
        for member in members.prefix(10) { try member.hear(upTo: 25) }
        try await cluster.kill(1)
        for n in 51...100 { try speaker.say("\(n)", n: n) }
        for n in 1...100 { _ = try speaker.hearAck(of: n) }
        for (index, old) in members.enumerated() {
            // What the kernel still holds for the old socket counts as heard, or does not.
            if index.isMultiple(of: 2) { while (try? old.hear()) != nil {} }
            let member = try RoomClient(port: cluster.nodes[0].port, room: "a")
            try member.join(since: old.place)
            #expect(member.isRecovered == true)
            #expect(old.values + member.values == (1...100).map { "\($0)" }, "client \(index)")
            members[index] = member
        }
        try speaker.say("101", n: 101)
        for member in members { #expect(try member.hear().contains(#""value":101,"#)) }
    }

    @Test
    func `fifty cuts of all connections lose nothing, double nothing, and each ack comes once`()
        async throws
    {
        // While Redis stands still, a node refuses messages.
        try await inOneOfThreeTries { disturbances in
            let cluster = try await TestCluster.start(nodes: 2, flags: flags)
            disturbances.watch(cluster.redis)
            disturbances.watch(cluster.nodes)
            try cutFiftyTimes(cluster)
        }
    }

    private func cutFiftyTimes(_ cluster: TestCluster) throws {
        let rooms = ["a", "b"]
        let members = try rooms.flatMap { room in
            try cluster.nodes.map { try RoomClient(port: $0.port, room: room) }
        }
        for member in members {
            member.mustLoseNothing = true
            try member.join()
        }
        let speakers = try rooms.enumerated().map { index, room in
            try RoomClient(port: cluster.nodes[index].port, room: room, name: "user\(index)")
        }
        let knife = try TestSocket(port: cluster.redis.port)
        for cut in 1...50 {
            let numbers = (cut - 1) * 10 + 1...cut * 10
            for n in numbers {
                for speaker in speakers { try speaker.say("\(n)", n: n) }
                for (kind, offset) in [("pubsub", 0), ("normal SKIPME yes", 3)]
                where (n + offset) % 10 == cut % 10 {
                    try knife.send("CLIENT KILL TYPE \(kind)\r\n")
                    _ = try knife.read(through: "\r\n")
                }
            }
            for speaker in speakers { try speaker.hearAcks(of: numbers) }
        }
        let all = (1...500).map { "\($0)" }
        for member in members {
            try member.hear(upTo: 500)
            try requireAlways(member.values == all, "\(member.values)")
        }
        // Nothing is left: not an ack, not a message.
        for client in members + speakers {
            try client.socket.say(#"{"type":"ping"}"#)
            let rest = try client.hear()
            try requireAlways(rest == #"{"type":"pong"}"#, rest)
        }
    }

    @Test func `who comes from a node that is ahead waits, and hears nothing twice`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        try speaker.join()
        let behind = try RoomClient(port: cluster.nodes[1].port, room: "a")
        try behind.join()
        let knife = try TestSocket(port: cluster.redis.port)
        for n in 1...30 {
            // Both nodes miss what is said next, and catch up each in its own time.
            try knife.send("CLIENT KILL TYPE pubsub\r\n")
            _ = try knife.read(through: "\r\n")
            try speaker.say("\(n)", n: n)
            try speaker.hear(upTo: n)
            let member = try RoomClient(port: cluster.nodes[1].port, room: "a")
            try member.join(since: speaker.place)
            #expect(member.isRecovered == true)
            #expect(member.place == speaker.place)
            member.socket.socket.close()
        }
        try behind.hear(upTo: 30)
        #expect(behind.values == (1...30).map { "\($0)" })
    }

    @Test func `positions that no node has cost the room a look at its end a second`() async throws
    {
        let cluster = try await TestCluster.start(nodes: 1, flags: ["--loops", "1"])
        let node = cluster.nodes[0]
        let liar = try RoomClient(port: node.port)
        try liar.join()
        var place = try #require(liar.place)
        place.seq += 1000
        let looks = try node.scrape().sum("chatnode_catch_ups_total")
        let start = ContinuousClock.now
        for _ in 1...40 {
            let client = try RoomClient(port: node.port)
            try client.socket.say(#"{"type":"join","since":\#(place.since)}"#)
            try client.socket.say(#"{"type":"leave"}"#)
            client.socket.socket.close()
        }
        // One that stays is answered all the same.
        let last = try RoomClient(port: node.port)
        try last.join(since: place)
        #expect(last.isRecovered == false)
        let seconds = Double((ContinuousClock.now - start) / .seconds(1))
        // One at the start, one after each second (`Limits.earlyJoinInterval`).
        let most = looks + 2 + seconds.rounded(.up)
        #expect(try node.scrape().sum("chatnode_catch_ups_total") <= most)
    }

    @Test func `each node hears as many rooms as its own max-rooms says`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags + ["--max-rooms", "2"])
        for (node, room) in zip(cluster.nodes, ["a", "b"]) {
            let client = try RoomClient(port: node.port, room: room)
            try client.join()
            try client.socket.say(#"{"type":"join","room":"other"}"#)
            let refusal = try client.socket.hearText { $0.contains(#""type":"error""#) }
            #expect(refusal.contains(#""code":"unavailable","room":"other""#))
        }
    }
}
