import Foundation
import TestSupport
import Testing

/// Redis dies under nodes whose clients chat, and comes back with or without what it knew.
@Suite(.serialized) struct OutageTests {
    private let clock = ContinuousClock()

    @Test func `Redis dies twice and comes back empty`() async throws {
        try await outages(isKept: false)
    }

    @Test func `Redis dies twice and comes back with what it has written down`() async throws {
        try await outages(isKept: true)
    }

    private func outages(isKept: Bool) async throws {
        // With `everysec`, Redis answers before it has written as long as its disk is busy with the
        // second before (flushAppendOnlyFile in aof.c): a tail may be lost even with the process.
        let options = isKept ? ["--appendonly", "yes", "--appendfsync", "always"] : []
        let cluster = try await TestCluster.start(redis: options, flags: ["--message-rate", "0"])
        let ports = cluster.nodes.map(\.port)
        let choir = try Choir(of: 36, at: ports, pause: .milliseconds(100))
        try await choir.loginAll()
        // The last six only listen: their names are kept by nothing that they say.
        let holders = choir.voices.indices
        let talkers = 0..<30
        choir.talk(talkers)
        for round in 1...2 {
            try await eventually("everybody chats") {
                choir.voices[talkers].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 5 }
            }
            if round == 1 {
                try await cluster.redis.kill()
            } else {
                try await kill(cluster, choir)
            }
            // So long that the nodes' tries are as far apart as they get: 50 ms, doubled, is beyond
            // 2 s (`Limits.redisBackoffLast`) with the sixth, after 1.6 s on average.
            let gone = clock.now
            try await eventually("Redis has been away") { clock.now - gone > .seconds(3) }
            try await cluster.redis.restart(empty: !isKept)
            let back = clock.now
            let fresh = try cluster.nodes.indices.map {
                try choir.add("fresh\(round)\($0)", at: $0)
            }
            var asked = fresh.map { _ in clock.now }
            for index in fresh { choir.login(index) }
            let took = try await recovery(of: choir, talkers, since: back)
            // A try is at most 2 s away (`Limits.redisBackoffLast`); a second for all the rest.
            #expect(took < .seconds(3))
            try await login(fresh, choir, &asked)
            let granted = fresh.compactMap { choir[$0].answers.last?.at }
            let waits = zip(granted, asked).map { $0 - $1 }
            // `Limits.gracePatience` is 8 s, seen a tick later (`Limits.wheelTick`).
            #expect(waits.allSatisfy { $0 < .seconds(8.5) })
            // The grace (`Limits.grace`, 6.5 s) begins when the first node is back, and who was told
            // to come again is a second late.
            #expect(granted.allSatisfy { $0 - back < .seconds(10.5) })
        }
        try await choir.hush()
        try await choir.settle()
        #expect(choir.ended == [])
        #expect(choir.doubles == [])
        if isKept {
            #expect(choir.strays(among: holders) == [])
            #expect(choir.holes == [])
        }
        try await tryToTake(holders, choir)
        for index in holders { choir.chat("1", by: index) }
        try await eventually("everybody still speaks under that name") {
            choir.voices[holders].allSatisfy { voice in
                Set(voice.chats.filter { $0.contains(#","value":1,"#) }.map(\.mid)).count
                    == holders.count
            }
        }
        #expect(cluster.nodes.allSatisfy { $0.process.isRunning })
    }

    /// Ends Redis when the last node has missed what the others have heard.
    private func kill(_ cluster: TestCluster, _ choir: Choir) async throws {
        let late = cluster.nodes[2]
        late.process.signal(SIGSTOP)
        let clients = try await cluster.redis.cli("CLIENT", "LIST", "TYPE", "pubsub")
        let feed = try #require(clients.split(separator: "\n").first { $0.contains("n3-feed ") })
        let id = try #require(feed.split(separator: " ").first?.dropFirst("id=".count))
        #expect(try await cluster.redis.cli("CLIENT", "KILL", "ID", "\(id)") == "1")
        let heard = choir[0].chats.count
        try await eventually("the others chat on") { choir[0].chats.count > heard + 20 }
        try await cluster.redis.kill()
        late.process.signal(SIGCONT)
    }

    /// How long it took until each of them had been heard after an instant.
    private func recovery(
        of choir: Choir,
        _ talkers: Range<Int>,
        since back: ContinuousClock.Instant
    ) async throws -> Duration {
        func known(_ voice: Choir.Voice) -> ContinuousClock.Instant? {
            voice.words.first { $0.fate == .heard && $0.knownAt.map { $0 > back } == true }?.knownAt
        }
        try await eventually("everybody is heard again") {
            choir.voices[talkers].allSatisfy { known($0) != nil }
        }
        return choir.voices[talkers].compactMap(known).map { $0 - back }.max() ?? .zero
    }

    /// Waits until they are logged in; who is told to come again does so, a second later.
    private func login(
        _ fresh: [Int],
        _ choir: Choir,
        _ asked: inout [ContinuousClock.Instant]
    ) async throws {
        try await eventually("they are logged in") {
            for (place, index) in fresh.enumerated() {
                guard let last = choir[index].answers.last, last.at > asked[place],
                    last.text.contains(#""value":"unavailable""#), clock.now > last.at + .seconds(1)
                else { continue }
                asked[place] = clock.now
                choir.login(index)
            }
            return fresh.allSatisfy {
                choir[$0].answers.last?.text.contains(#""type":"logged_in""#) == true
            }
        }
    }

    /// Somebody on another node wants each of the names.
    private func tryToTake(_ holders: Range<Int>, _ choir: Choir) async throws {
        let thieves = try (0..<3).map { try choir.add("thief\($0)", at: $0) }
        for holder in holders {
            let voice = choir[holder]
            choir.login(thieves[(voice.node + 1) % 3], as: voice.name)
        }
        try await eventually("all claims are answered") {
            thieves.allSatisfy { choir[$0].answers.count == holders.count / 3 }
        }
        for thief in thieves {
            #expect(choir[thief].answers.allSatisfy { $0.text.contains(#""value":"taken""#) })
        }
    }
}
