import TestSupport
import Testing

/// The nodes' connections to Redis are cut again and again while all clients chat.
@Suite struct SubscriptionCutTests {
    @Test func `fifty cuts lose nothing, double nothing, and change no order`() async throws {
        let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
        let fleet = try ClientFleet(of: 21, at: cluster.nodes.map(\.port), pause: .milliseconds(30))
        try await fleet.loginAll()
        // Twelve talk, four on each node; nine listen.
        fleet.talk(0..<12)
        let knife = try TestSocket(port: cluster.redis.port)
        for cut in 1...50 {
            let said = fleet.words { $0 == .heard }.count
            try await eventually("some are heard between two cuts") {
                fleet.words { $0 == .heard }.count > said + 24
            }
            try knife.send("CLIENT KILL TYPE pubsub\r\n")
            _ = try knife.read(through: "\r\n")
            // Every fourth time the nodes' other connections are cut too.
            guard cut % 4 == 0 else { continue }
            try knife.send("CLIENT KILL TYPE normal SKIPME yes\r\n")
            _ = try knife.read(through: "\r\n")
        }
        try await fleet.hush()
        try await fleet.settle()
        let heard = fleet.words { $0 == .heard }.count
        #expect(fleet.ended == [])
        #expect(fleet.doubles == [])
        #expect(fleet.holes == [])
        #expect(fleet.strays(among: fleet.voices.indices) == [])
        // One order: clients that receive the same numbers receive the same messages.
        let orders = Set(fleet.voices.map { $0.chats.map(\.bytes) })
        #expect(orders.count == 1)
        #expect(orders.first?.count == heard)
    }
}
