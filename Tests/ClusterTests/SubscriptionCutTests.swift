import TestSupport
import Testing

/// The nodes' connections to Redis are cut again and again while everybody chats.
@Suite struct SubscriptionCutTests {
    @Test func `fifty cuts lose nothing, double nothing, and change no order`() async throws {
        let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
        let choir = try Choir(of: 21, at: cluster.nodes.map(\.port), pause: .milliseconds(30))
        try await choir.loginAll()
        // Twelve talk, four on each node; nine listen.
        choir.talk(0..<12)
        let knife = try TestSocket(port: cluster.redis.port)
        for cut in 1...50 {
            let said = choir.words { $0 == .heard }.count
            try await eventually("some are heard between two cuts") {
                choir.words { $0 == .heard }.count > said + 24
            }
            try knife.send("CLIENT KILL TYPE pubsub\r\n")
            _ = try knife.read(through: "\r\n")
            // The nodes' other connections as well, now and then.
            guard cut % 4 == 0 else { continue }
            try knife.send("CLIENT KILL TYPE normal SKIPME yes\r\n")
            _ = try knife.read(through: "\r\n")
        }
        try await choir.hush()
        try await choir.settle()
        let heard = choir.words { $0 == .heard }.count
        #expect(choir.ended == [])
        #expect(choir.doubles == [])
        #expect(choir.holes == [])
        #expect(choir.strays(among: choir.voices.indices) == [])
        // One order: who hears the same numbers hears the same messages.
        let orders = Set(choir.voices.map { $0.chats.map(\.bytes) })
        #expect(orders.count == 1)
        #expect(orders.first?.count == heard)
    }
}
