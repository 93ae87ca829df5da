import ChatCore
import Foundation
import TestSupport
import Testing

/// Connections to Redis that are idle for a while, and connections that are cut: no client that
/// chats or logs in notices either while Redis can be reached.
@Suite struct IdleConnectionTests {
    /// The time from the beginning of a silence to a new connection: a probe is sent within
    /// `Limits.redisIdleInterval` and a tick, its answer is missed `Limits.redisCommandTimeout` and
    /// a tick later, and the next attempt comes within `Limits.redisBackoffFirst`; and three seconds for
    /// a busy machine.
    private let mending =
        Limits.redisIdleInterval + Limits.redisCommandTimeout + Limits.wheelTick * 2
        + Limits.redisBackoffFirst + .seconds(3)

    /// Returns the connections of all loops for commands, as Redis lists them: number and age in
    /// seconds.
    private func commandConnections(_ redis: TestRedis) async throws -> [String: Int] {
        let list = try await redis.cli("CLIENT", "LIST", "TYPE", "normal")
        var found: [String: Int] = [:]
        for line in list.split(separator: "\n") {
            let fields = line.split(separator: " ").map {
                $0.split(separator: "=").map(String.init)
            }
            let values = Dictionary(
                fields.compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil },
                uniquingKeysWith: { $1 }
            )
            guard let id = values["id"], values["name"]?.hasSuffix("-commands") == true else {
                continue
            }
            found[id] = values["age"].flatMap { Int($0) }
        }
        return found
    }

    @Test func `a Redis that ends idle connections after a second ends none of a node's`()
        async throws
    {
        // A loop that stands still for a second sends nothing meanwhile.
        try await inOneOfThreeTries { disturbances in
            let cluster = try await TestCluster.start(nodes: 1, redis: ["--timeout", "1"])
            let redis = cluster.redis
            disturbances.watch(redis)
            disturbances.watch(cluster.nodes)
            let before = try await commandConnections(redis)
            #expect(!before.isEmpty)
            var isOneEnded = false
            // Redis ends what has been idle in two of its seconds (clientsCronHandleTimeout of 7.0),
            // and looks at each client once a second.
            try await eventually("they are older than an idle one can get") {
                let now = try await commandConnections(redis)
                isOneEnded = Set(now.keys) != Set(before.keys)
                return isOneEnded || now.values.allSatisfy { $0 >= 5 }
            }
            let node = cluster.nodes[0]
            try require(!isOneEnded, "a connection was ended")
            try await expectConnectionsKept(by: node)
            try require(!node.process.output.contains("ERROR"), node.process.output)
        }
    }

    /// Has a client speak, and checks that the node has lost no connection to Redis until then.
    private func expectConnectionsKept(by node: TestNodeProcess) async throws {
        try await onThread {
            let client = try node.connect("Ada")
            try require(try client.isHeard(saying: "1", as: "Ada"), "not heard")
        }
        let reconnects = try node.scrape().sum("chatnode_redis_reconnects_total")
        try require(reconnects == 0, "\(reconnects) connections were made anew")
    }

    @Test func `sixty clients are logged in while Redis ends all connections again and again`()
        async throws
    {
        let cluster = try await TestCluster.start(flags: ["--log-format", "json"])
        let fleet = try ClientFleet(of: 60, at: cluster.nodes.map(\.port))
        let knife = try TestSocket(port: cluster.redis.port)
        let clock = ContinuousClock()
        // Those with whom a loop may have been without Redis for longer than logins wait, on a busy machine.
        var late: [Range<Int>] = []
        for group in stride(from: 0, to: 60, by: 6) {
            let began = clock.now
            try knife.send("CLIENT KILL TYPE normal SKIPME yes\r\n")
            _ = try knife.read(through: "\r\n")
            // Some claims find no connection; others are on their way when the next cut comes.
            for index in group..<group + 6 { fleet.login(index) }
            try knife.send("CLIENT KILL TYPE normal SKIPME yes\r\n")
            _ = try knife.read(through: "\r\n")
            try await eventually("all of them are answered") {
                fleet.voices[group..<group + 6].allSatisfy { !$0.answers.isEmpty }
            }
            guard clock.now - began >= Limits.relinkPatience else { continue }
            late.append(group..<group + 6)
            for index in group..<group + 6
            where fleet[index].answers[0].text.contains(#""value":"unavailable""#) {
                fleet.login(index)
                try await eventually("it is answered again") { fleet[index].answers.count == 2 }
            }
        }
        #expect(late.count <= 2, "ten groups are logged in, and the machine stands still rarely")
        for (index, voice) in fleet.voices.enumerated() {
            #expect(voice.answers.count == 1 || late.contains { $0.contains(index) })
            let answer = try #require(voice.answers.last).text
            #expect(answer.contains(#""type":"logged_in""#), "\(answer.text)")
        }
        for node in cluster.nodes {
            let metrics = try node.scrape()
            #expect(metrics.sum("chatnode_redis_reconnects_total") > 0)
            #expect(
                !late.isEmpty || !node.process.output.contains(#""level":"error""#),
                "\(node.process.output)"
            )
        }
        // No client has another's name.
        let thief = try fleet.add("thief", at: 0)
        fleet.login(thief, as: fleet[1].name)
        try await eventually("the claim is answered") { !fleet[thief].answers.isEmpty }
        #expect(fleet[thief].answers[0].text.contains(#""value":"taken""#))
    }

    @Test func `a Redis that stalls for a moment without calls costs no connection`()
        async throws
    {
        // Redis may stand still for longer, if the machine does.
        try await inOneOfThreeTries { disturbances in
            let cluster = try await TestCluster.start(nodes: 1)
            disturbances.watch(cluster.nodes)
            let clock = ContinuousClock()
            let stopped = clock.now
            cluster.redis.pause()
            // As long as a probe takes to be sent: it waits, and is answered within the time for a
            // call.
            try await eventually("a proof is on its way") {
                clock.now - stopped > Limits.redisIdleInterval + Limits.wheelTick
            }
            cluster.redis.resume()
            disturbances.watch(cluster.redis)
            try await expectConnectionsKept(by: cluster.nodes[0])
        }
    }

    @Test func `after a Redis that stalled for longer all connections are new`() async throws {
        let cluster = try await TestCluster.start(nodes: 1)
        let node = cluster.nodes[0]
        cluster.redis.pause()
        try await eventually("the node is without Redis") {
            try node.scrape().sum("chatnode_redis_connections") == 0
        }
        cluster.redis.resume()
        try await eventually("it has Redis") { try node.scrape().value("chatnode_redis_up") == 1 }
        try await onThread {
            let client = try node.connect("Ada")
            try require(try client.isHeard(saying: "1", as: "Ada"), "not heard")
        }
    }

    /// Starts a node whose connections to Redis can be made silent, one loop's after another's.
    private func behindProxy() async throws -> (TestRedis, TestProxy, TestNodeProcess) {
        let redis = try await TestRedis.start()
        let proxy = try TestProxy(to: redis.port)
        let url = "redis://127.0.0.1:\(proxy.port)"
        let node = try await TestNodeProcess.start([
            "--redis", url, "--new-cluster", "--log-format", "json",
        ])
        return (redis, proxy, node)
    }

    @Test func `an idle connection that has fallen silent is found and replaced`() async throws {
        let (redis, proxy, node) = try await behindProxy()
        defer { proxy.close() }
        let silent = try await commandConnections(redis).count
        proxy.silence(connectionsThatSaid: "-commands")
        try await eventually("they are made anew", within: mending) {
            try node.scrape().value("chatnode_redis_reconnects_total", ["purpose": "commands"])
                >= Double(silent)
        }
        try await onThread {
            let client = try node.connect("Ada")
            try require(try client.isHeard(saying: "1", as: "Ada"), "not heard")
        }
        #expect(!node.process.output.contains(#""level":"error""#), "\(node.process.output)")
        withExtendedLifetime(redis) {}
    }

    @Test func `a client that chats or logs in over a connection gone silent is served`()
        async throws
    {
        try await inOneOfThreeTries { disturbances in
            let (redis, proxy, node) = try await behindProxy()
            defer { proxy.close() }
            disturbances.watch(redis)
            disturbances.watch([node])
            try await onThread {
                let ada = try node.connect("Ada")
                let bea = try node.connect()
                proxy.silence(connectionsThatSaid: "-commands")
                let asked = ContinuousClock.now
                try bea.ask(for: "Bea")
                // On a busy machine a message may be older than `Limits.resendAge` when the connection
                // is there again: then its sender is told so, and sends it again.
                let isHeard =
                    try ada.isHeard(saying: "1", as: "Ada") || ada.isHeard(saying: "2", as: "Ada")
                try require(isHeard, "Ada is not heard")
                // So is a login that has waited for `Limits.claimPatience`.
                var outcome = try bea.outcome()
                if outcome == "unavailable", ContinuousClock.now - asked >= Limits.claimPatience {
                    outcome = try bea.attempt("Bea")
                }
                try require(outcome == nil, "Bea: \(outcome ?? "")")
            }
            let reconnects = try node.scrape().sum("chatnode_redis_reconnects_total")
            try require(reconnects > 0, "the silent connections were not made anew")
        }
    }
}
