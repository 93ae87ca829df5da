import Foundation
import TestSupport
import Testing

/// The metrics of nodes with a Redis.
@Suite struct MetricsTests {
    @Test func `the nodes' metrics add up to what was sent and received`() async throws {
        let cluster = try await TestCluster.start(nodes: 2, flags: ["--loops", "2"])
        let fleet = try ClientFleet(of: 6, at: cluster.nodes.map(\.port))
        try await fleet.loginAll()
        let messages = 12
        for index in 0..<messages { fleet.chat("\(index)", by: index % 6) }
        try await eventually("everybody has heard everything") {
            fleet.voices.allSatisfy { $0.chats.count == messages }
        }
        // A broadcast is counted at its end, a moment after clients receive it.
        try await eventually("all is counted") {
            let texts = try cluster.nodes.map { try $0.scrape() }
            let all = { (name: String) in texts.map { $0.sum("chatnode_\(name)") } }
            return all("messages_delivered_total") == [3, 3].map { $0 * Double(messages) }
                && all("messages_published_total") == [6, 6]
                && all("publish_batch_messages_sum") == [6, 6]
                && all("names") == [3, 3]
        }
        for node in cluster.nodes {
            let text = try node.scrape()
            #expect(try text.value("chatnode_redis_up") == 1)
            let lease = try text.value("chatnode_name_lease_seconds")
            // `Limits.lease` less its margin: 5.5 s after a heartbeat.
            #expect(lease > 0 && lease <= 5.5)
            for (purpose, count) in [("commands", 2.0), ("control", 1), ("feed", 1)] {
                let up = try text.value("chatnode_redis_connections", ["purpose": purpose])
                #expect(up == count)
            }
            let calls = ["purpose": "commands"]
            // Each node has claimed three names, and published in one call at least.
            #expect(try text.value("chatnode_redis_call_seconds_count", calls) >= 4)
            #expect(try text.value("chatnode_catch_ups_total") == 1)
            #expect(text.sum("chatnode_redis_reconnects_total") == 0)
        }
    }

    @Test func `a cut connection is counted as such, and replaced`() async throws {
        let cluster = try await TestCluster.start(nodes: 1)
        let node = cluster.nodes[0]
        try await cluster.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
        try await eventually("the gap is repaired") {
            try node.scrape().value("chatnode_catch_ups_total") == 2
        }
        let text = try node.scrape()
        let feed = ["purpose": "feed"]
        #expect(try text.value("chatnode_redis_reconnects_total", feed) == 1)
        #expect(try text.value("chatnode_redis_failures_total", feed) >= 1)
        #expect(try text.value("chatnode_redis_connections", feed) == 1)
        #expect(text.sum("chatnode_messages_missed_total") == 0)
    }

    @Test func `without Redis a node says so, and how long its names are still valid`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 1)
        let node = cluster.nodes[0]
        try await cluster.redis.kill()
        try await eventually("Redis is down") {
            try node.scrape().value("chatnode_redis_up") == 0
        }
        #expect(try node.scrape().sum("chatnode_redis_connections") == 0)
        try await eventually("the names are not sure any more") {
            try node.scrape().value("chatnode_name_lease_seconds") == 0
        }
    }

    @Test(.enabled(if: promtool != nil, "there is no promtool: apt-get install prometheus"))
    func `promtool finds no fault in the metrics`() async throws {
        let cluster = try await TestCluster.start(nodes: 1)
        let path = NSTemporaryDirectory() + "chatnode-metrics-\(UUID()).txt"
        try cluster.nodes[0].metrics().write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let check = try TestProcess(
            "/bin/sh",
            ["-c", #"exec "$0" check metrics <"$1""#, try #require(promtool), path]
        )
        #expect(try await check.exitCode() == 0)
        #expect(check.output == "")
    }
}

/// Prometheus's own checker, if it is installed; `PROMTOOL` names one that is not in the path.
private let promtool: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["PROMTOOL"] { return path }
    let folders = environment["PATH"]?.split(separator: ":") ?? []
    return folders.map { "\($0)/promtool" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}()
