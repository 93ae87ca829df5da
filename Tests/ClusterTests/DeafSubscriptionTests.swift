import ChatCore
import TestSupport
import Testing

/// A connection on which everything seems to be sent and nothing is received: only the node's own
/// probe finds it, and must find it also before the subscription was ever confirmed.
@Suite struct DeafSubscriptionTests {
    @Test func `a subscription that is never confirmed is given up and replaced`() async throws {
        let redis = try await TestRedis.start()
        let proxy = try TestProxy(to: redis.port, swallowing: 2, after: "SUBSCRIBE")
        defer { proxy.close() }
        let process = try TestProcess(
            TestProcess.chatnode,
            ["--port", "0", "--redis", "redis://127.0.0.1:\(proxy.port)", "--new-cluster"]
        )
        let port = try await TestNodeProcess.port(of: process)
        #expect(proxy.swallowed == 2)
        try await onThread {
            let client = try TestWebSocket(port: port)
            try client.login("Ada")
            try client.chat("1", as: "Ada")
            _ = try client.hearText { $0.contains(#""value":1"#) }
        }
        withExtendedLifetime(redis) {}
    }
}
