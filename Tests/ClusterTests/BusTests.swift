import TestSupport
import Testing

/// What travels between Redis and the nodes, as a person with `redis-cli` sees and uses it.
@Suite struct BusTests {
    private func cluster(_ count: Int) async throws -> (TestCluster, ClientFleet) {
        let cluster = try await TestCluster.start(nodes: count)
        let fleet = try ClientFleet(of: count * 2, at: cluster.nodes.map(\.port))
        try await fleet.loginAll()
        return (cluster, fleet)
    }

    @Test func `an external subscriber can read the messages`() async throws {
        let (cluster, fleet) = try await cluster(2)
        let reader = try TestProcess(
            "/usr/bin/redis-cli",
            ["-p", "\(cluster.redis.port)", "SUBSCRIBE", "chat"]
        )
        try await eventually("it listens") { reader.output.contains("subscribe\nchat\n") }
        fleet.say(#"{"type":"chat","username":"user0","value":{"b":[1.50,"ä"]}}"#, by: 0)
        try await eventually("it has read it") { reader.output.contains("}}\n") }
        let lines = reader.output.split(separator: "\n").drop { $0 != "message" }.map(String.init)
        try #require(lines.count == 5, "\(lines)")
        #expect(lines[1] == "chat")
        // Epoch, first number, count, milliseconds, and what the first one follows: the first
        // publication.
        let words = lines[2].split(separator: " ")
        try #require(words.count == 5, "\(words)")
        #expect(words[1...2] == ["1", "1"])
        #expect(words.prefix(4).allSatisfy { Int($0) != nil })
        #expect(words.last?.hasSuffix(".0") == true)
        let json = #"{"type":"chat","username":"user0","value":{"b":[1.50,"ä"]}}"#
        let name = lines[3].split(separator: " ")
        try #require(name.count == 2, "\(name)")
        #expect(name[0].hasSuffix(".1"))
        #expect(name[1] == "\(json.utf8.count)")
        #expect(lines[4] == json)
        try await eventually("it was heard") { fleet.voices.allSatisfy { $0.chats.count == 1 } }
        #expect(fleet.voices.allSatisfy { $0.chats[0].mid.map { "\"\(name[0])\"" == $0 } == true })
    }

    @Test func `an external publication reaches every client unchanged, without a number`()
        async throws
    {
        let (cluster, fleet) = try await cluster(2)
        let object = #"{"type":"chat","username":"ops","value":{"a":1.50}}"#
        #expect(try await cluster.redis.cli("PUBLISH", "chat", object) == "2")
        try await cluster.redis.cli(
            "PUBLISH",
            "chat",
            #"{"seq":7,"value":1e999,"mid":"x","username":"o\u0070s","type":"chat"}"#
        )
        fleet.talk([1])
        try await eventually("the next one is heard") {
            fleet.voices.allSatisfy { $0.chats.contains { $0.seq == 1 } }
        }
        for voice in fleet.voices {
            try #require(voice.chats.count >= 3, "\(voice.chats)")
            #expect(voice.chats[0].text == object)
            #expect(voice.chats[1].text == #"{"type":"chat","username":"o\u0070s","value":1e999}"#)
            #expect(voice.chats[2].seq == 1)
        }
    }

    @Test func `an external publication reaches a room's members, and moves no position`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2)
        let ada = try RoomClient(port: cluster.nodes[0].port, room: "tea", name: "Ada")
        let members = [ada, try RoomClient(port: cluster.nodes[1].port, room: "tea")]
        for member in members { try member.join() }
        let other = try RoomClient(port: cluster.nodes[1].port)
        try other.join()
        try ada.say("1", n: 1)
        for member in members { try member.hear(upTo: 1) }
        let object = #"{"type":"chat","username":"ops","value":{"a":1.50}}"#
        #expect(try await cluster.redis.cli("PUBLISH", "chat:tea", object) == "2")
        for member in members {
            let heard = try member.socket.hearText { $0.contains("ops") }
            #expect(heard == #"{"type":"chat","username":"ops","value":{"a":1.50},"room":"tea"}"#)
        }
        // The next one follows the one before it, and those in other rooms have heard nothing.
        try ada.say("2", n: 2)
        for member in members { try member.hear(upTo: 2) }
        try other.socket.say(#"{"type":"ping"}"#)
        #expect(try other.hear() == #"{"type":"pong"}"#)
    }

    /// Publications that every node must reject.
    private static let malformed: [[UInt8]] = {
        let texts = [
            "", " ", "hello", "5 hello", "P x", "P", "T ", "{}", "{", "[]", "null", "\n",
            #"{"type":"login","username":"eve"}"#, #"{"type":"chat","value":1}"#,
            #"{"type":"chat","username":"eve","value":}"#,
            #"{"type":"chat","username":7,"value":1}"#,
            "1 1 1\n", "0 0 0 0\n", "1 1 1 1\n", "1 1 0 1\n", "-1 1 1 1\n",
            "18446744073709551615 18446744073709551615 18446744073709551615 1\n",
            "99999999999999999999 1 1 1\n", "1 18446744073709551615 2 1\n",
            "1 1 2 1\nabcdefgh.1 2\n{}\n", "1 1 1 1\nabcdefgh.1 99\n{}\n",
            "1 1 1 1\nabcdefgh.1 18446744073709551615\n{}\n", "1 1 1 1\nx.1 2\n{}\n",
            "1 1 1 1\nabcdefgh.1 3\n[1]\n", "1 1 1 1\nabcdefgh.1 2\n{}\n1",
        ]
        let huge = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
        let value = String(repeating: "x", count: 100_000)
        let deep = String(repeating: "[", count: 50_000)
        return texts.map { Array($0.utf8) } + [
            Array(0...255), [0], [0xFF, 0xFE, 0], Array("{\"type\":\"chat\0".utf8), huge,
            Array("1 1 1 1\n".utf8) + huge,
            Array(#"{"type":"chat","username":"eve","value":"\#(value)"}"#.utf8),
            Array(#"{"type":"chat","username":"eve","value":\#(deep)"#.utf8),
            Array(#"{"type":"chat","username":"eve","value":""#.utf8) + [0xC3, 0x28]
                + Array("\"}".utf8),
        ]
    }()

    @Test func `malformed publications harm nothing, and are reported once a minute`() async throws
    {
        let (cluster, fleet) = try await cluster(3)
        fleet.talk([0, 1, 2])
        // Between them pass several of the ticks, four a second (`Limits.wheelTick`), at which a
        // node reports.
        for round in 1...10 {
            for payload in Self.malformed { try cluster.redis.publish(payload) }
            try await eventually("they chat on") {
                fleet.voices[0...2].allSatisfy { $0.words.count > round * 5 }
            }
        }
        try await fleet.hush()
        try await fleet.settle()
        #expect(fleet.ended == [])
        #expect(fleet.holes == [])
        #expect(fleet.strays(among: fleet.voices.indices) == [])
        #expect(fleet.words { $0 != .heard }.isEmpty)
        #expect(fleet.voices.allSatisfy { $0.chats.allSatisfy { $0.seq != nil } })
        for node in cluster.nodes {
            #expect(node.process.isRunning)
            let told = node.process.output.split(separator: "\n").filter {
                $0.contains("ignored what is no message")
            }
            #expect(told.count == 1, "\(node.process.output)")
        }
    }
}
