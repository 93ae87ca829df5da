import Glibc
import TestSupport
import Testing

/// Redis loses data while clients of `chat.v1` are in rooms.
@Suite struct HistoryLossTests {
    private let flags = ["--message-rate", "0"]

    /// Two members of a room on each of two nodes, and a speaker that has said ten messages.
    private func start() async throws -> (TestCluster, speaker: RoomClient, members: [RoomClient]) {
        let cluster = try await TestCluster.start(nodes: 2, flags: flags)
        let members = try cluster.nodes.flatMap { node in
            try (0..<2).map { _ in try RoomClient(port: node.port, room: "a") }
        }
        for member in members { try member.join() }
        let speaker = try RoomClient(port: cluster.nodes[0].port, room: "a", name: "Ada")
        for n in 1...10 { try speaker.say("\(n)", n: n) }
        for n in 1...10 { _ = try speaker.hearAck(of: n) }
        for member in members { try member.hear(upTo: 10) }
        return (cluster, speaker, members)
    }

    /// Says a message as soon as it is taken.
    private func say(_ value: String, n: Int, by speaker: RoomClient) async throws {
        try await eventually("the message is accepted") {
            try speaker.say(value, n: n)
            while true {
                let text = try speaker.hear()
                if text.hasPrefix(#"{"type":"ack","n":\#(n),"#) { return true }
                if text.hasPrefix(#"{"type":"error""#) { return false }
            }
        }
    }

    /// Checks that everybody was told of a new epoch in which all that was heard stands, and that who was
    /// away meanwhile is recovered.
    private func check(
        _ cluster: TestCluster,
        _ speaker: RoomClient,
        _ members: [RoomClient]
    ) async throws {
        let before = members.map(\.place)
        try await say("11", n: 11, by: speaker)
        for member in members {
            try member.hear(upTo: 11)
            #expect(member.values == (1...11).map { "\($0)" })
            #expect(member.resets.map(\.seq) == [10])
            #expect(member.gaps.isEmpty)
        }
        for place in before + members.map(\.place) {
            for node in cluster.nodes {
                let back = try RoomClient(port: node.port, room: "a")
                try back.join(since: place)
                #expect(back.isRecovered == true)
                #expect(back.place == members[0].place)
            }
        }
    }

    @Test func `a Redis that comes back empty resets rooms in which nothing is lost`() async throws
    {
        let (cluster, speaker, members) = try await start()
        try await cluster.redis.restart()
        try await check(cluster, speaker, members)
    }

    @Test func `an emptied Redis resets rooms in which nothing is lost`() async throws {
        let (cluster, speaker, members) = try await start()
        try await cluster.redis.cli("FLUSHALL")
        try await check(cluster, speaker, members)
    }

    @Test func `a log that is emptied while a node was cut off is a gap for its members`()
        async throws
    {
        let (cluster, speaker, members) = try await start()
        let node = members.suffix(2)
        cluster.nodes[1].process.stop()
        // Its subscription is cut as well, so that nothing waits for it there.
        try await cluster.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
        for n in 11...15 { try speaker.say("\(n)", n: n) }
        for n in 11...15 { _ = try speaker.hearAck(of: n) }
        for member in members.prefix(2) { try member.hear(upTo: 15) }
        try await cluster.redis.cli("DEL", "chat/log/a")
        cluster.nodes[1].process.signal(SIGCONT)
        try speaker.say("16", n: 16)
        for member in node {
            while member.place?.seq != 16 { _ = try member.hear() }
            #expect(member.gaps == [11...15])
            #expect(member.resets.isEmpty)
            #expect(member.values.last == "16")
        }
        for member in members.prefix(2) {
            try member.hear(upTo: 16)
            #expect(member.gaps.isEmpty)
        }
    }
}
