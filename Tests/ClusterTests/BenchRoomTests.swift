import TestSupport
import Testing

/// The load generator as a process, in `chat.v1`.
@Suite struct BenchRoomTests {
    @Test(arguments: [["--rate", "200"], ["--in-flight", "8"]])
    func `rooms of chat_v1 are measured on two nodes, and every message is acknowledged`(
        load: [String]
    ) async throws {
        let ended = try await BenchEnd.bench(nodes: 2, flags: BenchEnd.unlimited) { cluster in
            ["fanout"] + cluster.nodes.map { "ws://127.0.0.1:\($0.port)" } + [
                "--dialect", "v1", "--rooms", "5", "--senders", "10", "--recipients", "32",
                "--loops", "2", "--duration", "1s", "--warmup", "100ms", "--verify", "--json",
            ] + load
        }
        #expect(ended.code == 0, "\(ended.output)")
        let object = try ended.object
        #expect(object["correct"] as? Bool == true)
        #expect(object["rooms"] as? Int == 5)
        let sent = try #require(object["messages_sent"] as? Int)
        let acks = try #require(object["acks"] as? Int)
        // Those of the warm-up are acknowledged as well.
        #expect(sent > 0)
        #expect(acks >= sent)
        #expect((object["ack_us"] as? [String: Any])?["count"] as? Int == sent)
        #expect(object["messages_heard_by_all"] as? Int == sent)
    }

    @Test func `the lobby, visitors and connections are measured in chat_v1, too`() async throws {
        let node = try await TestNodeProcess.start(BenchEnd.unlimited)
        let url = "ws://127.0.0.1:\(node.port)"
        for command in [
            ["fanout", "--recipients", "5", "--verify"],
            ["churn", "--steady", "5", "--churn-rate", "50", "--verify"],
        ] {
            let ended = try await BenchEnd.bench(
                [command[0], url] + command.dropFirst() + [
                    "--dialect", "v1", "--duration", "500ms",
                ]
            )
            #expect(ended.code == 0, "\(ended.output)")
            #expect(ended.output.contains("and acknowledged once"))
        }
        let connect = try await BenchEnd.bench(
            ["connect", url, "--clients", "20", "--dialect", "v1", "--rooms", "20", "--json"]
        )
        #expect(connect.code == 0, "\(connect.output)")
        #expect((try connect.object["join_us"] as? [String: Any])?["count"] as? Int == 20)
    }

    @Test func `the plain dialect has no rooms`() async throws {
        let ended = try await BenchEnd.bench(["fanout", "--rooms", "2"])
        #expect(ended.code == 64)
        #expect(ended.output.contains("--rooms needs --dialect v1"))
    }
}
