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

    /// Lets anna say something and lose her socket, does something, and expects that the name is hers still.
    private func linger(
        through event: (TestRedis, [TestedNode]) async throws -> Void
    ) async throws {
        let server = try await TestRedis.start()
        try await withNodes(RedisUnderTest(server)) { nodes in
            let anna = try Username("anna")
            let socket = SocketID(slot: 1, generation: 0)
            let first = try await nodes[0].claim("anna", by: 1, on: 0, proof: .some(nil))
            guard case .granted(let secret?, nil) = first else { throw Unexpected("\(first)") }
            try await nodes[0].sayAccepted("one", by: 1, on: 0)
            try await nodes[0].on(0) {
                $0.linger(for: .seconds(60))
                $0.release(anna, by: socket, .linger)
            }
            try await eventually("the name lingers") {
                try await server.cli("HGET", "chat/name/anna", "linger") == "1"
            }
            try await event(server, nodes)
            #expect(try await nodes[1].claim("anna", by: 2, on: 1) == .taken())
            let second = try await nodes[1].claim("anna", by: 3, on: 1, proof: .some(secret))
            guard case .granted(_?, 1?) = second else { throw Unexpected("\(second)") }
        }
    }

    private func waitForNewEpoch(_ server: TestRedis, after epoch: String) async throws {
        try await eventually("the name is claimed again in the new epoch") {
            let now = try await server.cli("HGET", "chat/name/anna", "epoch")
            return !now.isEmpty && now != epoch
        }
    }

    @Test func `a name that lingers is its user's in a new epoch`() async throws {
        try await linger { server, _ in
            let epoch = try await server.cli("HGET", "chat/epoch", "epoch")
            // `openepoch.lua` raises the epoch in this way when a node finds another data set.
            try await server.cli("HINCRBY", "chat/epoch", "epoch", "1")
            try await waitForNewEpoch(server, after: epoch)
        }
    }

    @Test func `a name that lingers is its user's after all data was lost`() async throws {
        try await linger { server, _ in
            let epoch = try await server.cli("HGET", "chat/epoch", "epoch")
            try await server.cli("FLUSHALL")
            try await waitForNewEpoch(server, after: epoch)
        }
    }

    @Test func `an audit frees what no session knows, and not what lingers`() async throws {
        try await linger { server, nodes in
            let held = try await server.cli("HGET", "chat/name/anna", "node")
            try await server.cli("HSET", "chat/held/\(held)", "ghost", "x")
            // A node looks for such names whenever it is told its registration.
            try await nodes[0].on(0) { $0.recheckRegistration() }
            try await eventually("the ghost is gone") {
                try await server.cli("HEXISTS", "chat/held/\(held)", "ghost") == "0"
            }
            #expect(try await server.cli("HKEYS", "chat/held/\(held)") == "anna")
        }
    }
}
