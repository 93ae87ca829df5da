import ChatCore
import TestSupport
import Testing

/// What only some backends can show.
@Suite struct RestartTests {
    @Test func `messages go on after a Redis that keeps its data was restarted`() async throws {
        let server = try await TestRedis.start(["--appendonly", "yes", "--appendfsync", "always"])
        try await withNodes(RedisUnderTest(server)) { nodes in
            let socket = SocketID(slot: 1, generation: 0)
            let records = nodes.flatMap(\.records)
            #expect(try await nodes[0].claim("anna", by: 1, on: 0) == .granted())
            try await nodes[0].on(0) { $0.say("before", by: socket) }
            try await eventually("the message is settled") {
                records[0].now.settled["\"before\""] != nil
            }
            let before = records.map(\.now.registrations)
            try await server.restart()
            try await eventually("both nodes are registered in the new epoch") {
                zip(records, before).allSatisfy { $0.now.isConnected && $0.now.registrations > $1 }
            }
            // Until the name has been claimed again a message may be refused.
            var attempt = 0
            try await eventually("a message is accepted") {
                attempt += 1
                let text = "after \(attempt)"
                try await nodes[0].on(0) { $0.say(text, by: socket) }
                try await eventually("it is settled") {
                    records[0].now.settled["\"\(text)\""] != nil
                }
                guard case .accepted = records[0].now.settled["\"\(text)\""] else { return false }
                return true
            }
            try await eventually("all loops were told the same messages") {
                records.allSatisfy {
                    $0.now.delivered.count >= 2 && $0.now.delivered == records[0].now.delivered
                }
            }
        }
    }
}
