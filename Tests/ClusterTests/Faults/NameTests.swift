import TestSupport
import Testing

extension Faults {
    /// One name has one holder, on whichever node it is claimed and however it is spelled.
    @Suite struct NameTests {
        @Test func `of sixty clients that want one name at once, one gets it, a hundred times`()
            async throws
        {
            // While Redis stands still, a node refuses a login, and cannot give up a name.
            let wins = try await inOneOfThreeTries { disturbances in
                let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
                disturbances.watch(cluster.redis)
                disturbances.watch(cluster.nodes)
                return try await cluster.onThread(Self.race)
            }
            // Otherwise there was no race.
            #expect(wins.allSatisfy { $0 > 0 }, "by node: \(wins)")
        }

        /// Has sixty clients want a name a hundred times, and returns how often a client of each node got it.
        private static func race(on nodes: [TestNodeProcess]) throws -> [Int] {
            let clients = try (0..<60).map { try nodes[$0 % nodes.count].connect() }
            var wins = Array(repeating: 0, count: nodes.count)
            for round in 0..<100 {
                // Another client comes first each time.
                for offset in 0..<60 { try clients[(round + offset) % 60].ask(for: "Ada") }
                let outcomes = try clients.map { try $0.outcome() }
                let winners = outcomes.indices.filter { outcomes[$0] == nil }
                try requireAlways(winners.count < 2, "round \(round): \(winners) have the name")
                try require(
                    winners.count == 1 && outcomes.filter { $0 == "taken" }.count == 59,
                    "round \(round): \(outcomes.map { $0 ?? "granted" })"
                )
                wins[winners[0] % nodes.count] += 1
                try clients[winners[0]].logout("Ada")
            }
            return wins
        }

        @Test func `a name that is held is taken on the other nodes, in every spelling`()
            async throws
        {
            let names: [(held: String, others: [String])] = [
                ("Ada", ["Ada", "ada", "ADA", "aDa", "Ａｄａ", "ＡＤＡ"]),
                ("Ｒｅｎｅ́ｅ", ["Renée", "RENE\u{301}E", "rene\u{301}e"]),
                ("Νίκος", ["ΝΊΚΟΣ", "νίκοσ"]),
                ("\u{212A}elvin", ["kelvin", "Ｋelvin"]),
            ]
            let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
            let outcomes = try await cluster.onThread { nodes in
                try names.map { held, others in
                    let holder = try nodes[0].connect(held)
                    defer { withExtendedLifetime(holder) {} }
                    return try others.map { name in
                        try nodes[1...].map { try $0.connect().attempt(name) }
                    }
                }
            }
            let expected = names.map { $0.others.map { _ in ["taken", "taken"] } }
            #expect(outcomes == expected)
        }

        @Test func `a reserved name is forbidden on every node, in every spelling`() async throws {
            let cluster = try await TestCluster.start()
            let outcomes = try await cluster.onThread { nodes in
                try nodes.flatMap { node in
                    let client = try node.connect()
                    return try ["admin", "ops", "root", "server", "system", "ADMIN", "ｒｏｏｔ"]
                        .map { try client.attempt($0) }
                }
            }
            #expect(Set(outcomes) == ["forbidden"])
        }
    }
}
