import Foundation
import TestSupport
import Testing

/// Redis dies while the nodes' clients chat, and comes back with or without its data.
@Suite(.serialized) struct OutageTests {
    private let clock = ContinuousClock()

    @Test func `Redis dies twice and comes back empty`() async throws {
        try await outages(isKept: false)
    }

    @Test func `Redis dies twice and comes back with the data that it has written`() async throws {
        try await outages(isKept: true)
    }

    /// The node that is back first says where the room ends. If that is another node than the late
    /// one, the late one's clients lack messages that no log has any more, and are closed with 4000.
    @Test func `no client is skipped in silence when Redis loses what its node lacks`() async throws
    {
        let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
        let ports = cluster.nodes.map(\.port)
        let fleet = try ClientFleet(of: 9, at: ports, pause: .milliseconds(100))
        try await fleet.loginAll()
        fleet.talk(fleet.voices.indices)
        try await eventually("everybody chats") {
            fleet.voices.allSatisfy { $0.words.filter { $0.fate == .heard }.count > 5 }
        }
        try await kill(cluster, fleet)
        let died = clock.now
        try await cluster.redis.restart(empty: true)
        let back = clock.now
        try await eventually("every client is heard again or is closed") {
            // Redis may answer a publisher and die before a node has the message: then its fate stays open.
            // Answers come within 1.5 s, and what has none is settled 2 s after Redis is back.
            if clock.now > back + .seconds(6) { fleet.giveUp(sentBefore: died) }
            return fleet.voices.allSatisfy { $0.end != nil || heardAgain($0, since: back) != nil }
        }
        try await fleet.hush()
        try await fleet.settle()
        let late = fleet.voices.filter { $0.node == 2 }
        #expect(fleet.voices.allSatisfy { $0.node == 2 || $0.end == nil }, "\(fleet.ended)")
        let closed = late.filter(isClosed)
        let open = late.filter { $0.end == nil }
        #expect(closed.count == late.count || open.count == late.count, "\(fleet.ended)")
        for voice in open {
            let numbers = voice.chats.compactMap(\.seq)
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 }, "\(numbers)")
        }
        #expect(fleet.doubles == [])
        #expect(cluster.nodes.allSatisfy { $0.process.isRunning })
    }

    private func outages(isKept: Bool) async throws {
        // With `everysec`, Redis answers before it has written while its disk is busy with the
        // second before (flushAppendOnlyFile in aof.c): the newest data may be lost even with the
        // process alone.
        let options = isKept ? ["--appendonly", "yes", "--appendfsync", "always"] : []
        let cluster = try await TestCluster.start(redis: options, flags: ["--message-rate", "0"])
        let ports = cluster.nodes.map(\.port)
        let fleet = try ClientFleet(of: 36, at: ports, pause: .milliseconds(100))
        try await fleet.loginAll()
        // The last six only listen: no message of theirs keeps their names.
        let holders = fleet.voices.indices
        let talkers = 0..<30
        fleet.talk(talkers)
        for round in 1...2 {
            try await eventually("everybody chats") {
                fleet.voices[talkers].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 5 }
            }
            // What becomes of clients whose node lacks what Redis has lost, the test above checks.
            if round == 1 || !isKept {
                try await cluster.redis.kill()
            } else {
                try await kill(cluster, fleet)
            }
            // Long enough for the nodes' attempts to be as far apart as they get: 50 ms, doubled,
            // exceeds 2 s (`Limits.redisBackoffLast`) with the sixth, after 1.6 s on average.
            let gone = clock.now
            try await eventually("Redis has been away") { clock.now - gone > .seconds(3) }
            try await cluster.redis.restart(empty: !isKept)
            let back = clock.now
            let fresh = try cluster.nodes.indices.map {
                try fleet.add("fresh\(round)\($0)", at: $0)
            }
            for index in fresh { fleet.login(index) }
            let lost = isKept ? nil : gone
            let took = try await recovery(of: fleet, talkers, cluster, since: back, lost)
            // Two attempts (`Limits.redisBackoffLast`, `redisCommandTimeout`), sooner than after a grace (6.5 s).
            #expect(took < .seconds(6.4))
            try await login(fresh, fleet, since: back)
        }
        try await fleet.hush()
        try await fleet.settle()
        #expect(fleet.doubles == [])
        if isKept {
            #expect(fleet.ended == [])
            #expect(fleet.strays(among: holders) == [])
            #expect(fleet.holes == [])
        }
        // At least the clients of one node: it received the last message that anybody received.
        let stayed = holders.filter { !isClosed(fleet[$0]) }
        #expect(fleet.ended.count == fleet.voices.count(where: isClosed), "\(fleet.ended)")
        #expect(stayed.count >= holders.count / 3, "\(fleet.ended)")
        try await tryToTake(stayed, fleet)
        for index in stayed { fleet.chat("1", by: index) }
        try await eventually("everybody still speaks under that name") {
            stayed.allSatisfy { index in
                let words = fleet[index].chats.filter { $0.contains(#","value":1,"#) }
                return Set(words.map(\.mid)).count == stayed.count
            }
        }
        #expect(cluster.nodes.allSatisfy { $0.process.isRunning })
    }

    /// Returns whether a client was closed because Redis has lost what its node lacked: a node that
    /// Redis had not yet sent the last messages to when it died lacks them for good if Redis comes
    /// back without them.
    private func isClosed(_ voice: ClientFleet.Voice) -> Bool {
        voice.closeCode == 4000
    }

    /// Kills Redis when the last node has missed messages that the others have received.
    private func kill(_ cluster: TestCluster, _ fleet: ClientFleet) async throws {
        let late = cluster.nodes[2]
        late.process.stop()
        let clients = try await cluster.redis.cli("CLIENT", "LIST", "TYPE", "pubsub")
        let feed = try #require(clients.split(separator: "\n").first { $0.contains("n3-feed ") })
        let id = try #require(feed.split(separator: " ").first?.dropFirst("id=".count))
        #expect(try await cluster.redis.cli("CLIENT", "KILL", "ID", "\(id)") == "1")
        let heard = fleet[0].chats.count
        try await eventually("the others chat on") { fleet[0].chats.count > heard + 20 }
        try await cluster.redis.kill()
        late.process.signal(SIGCONT)
    }

    /// Returns how long it took until a message of each talker who has stayed had been heard after an
    /// instant. `lost` is when Redis died that is back empty; nil: it has its data.
    private func recovery(
        of fleet: ClientFleet,
        _ talkers: Range<Int>,
        _ cluster: TestCluster,
        since back: ContinuousClock.Instant,
        _ lost: ContinuousClock.Instant?
    ) async throws -> Duration {
        try await eventually("everybody who has stayed is heard again") {
            // Redis's answers come within 1.5 s, and what has none is settled 2 s after it is back.
            if let lost, clock.now > back + .seconds(6) { fleet.giveUp(sentBefore: lost) }
            for node in cluster.nodes where !node.process.isRunning {
                throw Unexpected("a node has ended: \(node.process.output.suffix(3000))")
            }
            return fleet.voices[talkers].allSatisfy {
                isClosed($0) || heardAgain($0, since: back) != nil
            }
        }
        let told = fleet.voices[talkers].filter { !$0.words.contains { $0.fate == .lost } }
        let times = told.compactMap { heardAgain($0, since: back) }
        return times.map { $0 - back }.max() ?? .zero
    }

    /// Returns when a client's first message after an instant was heard; nil: none was.
    private func heardAgain(
        _ voice: ClientFleet.Voice,
        since back: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
        voice.words.first { $0.fate == .heard && $0.knownAt.map { $0 > back } == true }?.knownAt
    }

    /// Waits until clients that asked at an instant are logged in or closed, and checks how long that
    /// took; a client that is told to come again does so, a second later.
    private func login(
        _ fresh: [Int],
        _ fleet: ClientFleet,
        since back: ContinuousClock.Instant
    ) async throws {
        var asked = fresh.map { _ in back }
        try await eventually("they are logged in") {
            for (place, index) in fresh.enumerated() {
                guard let last = fleet[index].answers.last, last.at > asked[place],
                    last.text.contains(#""value":"unavailable""#), clock.now > last.at + .seconds(1)
                else { continue }
                asked[place] = clock.now
                fleet.login(index)
            }
            return fresh.allSatisfy {
                isClosed(fleet[$0])
                    || fleet[$0].answers.last?.text.contains(#""type":"logged_in""#) == true
            }
        }
        for (index, asked) in zip(fresh, asked) where !isClosed(fleet[index]) {
            let granted = try #require(fleet[index].answers.last?.at)
            // `Limits.gracePatience` is 8 s, seen a tick later (`Limits.wheelTick`).
            #expect(granted - asked < .seconds(8.5))
            // The grace (`Limits.grace`, 6.5 s) begins when the first node is back, and a client
            // that was told to come again is a second late.
            #expect(granted - back < .seconds(10.5))
        }
    }

    /// Claims each of the names from another node.
    private func tryToTake(_ holders: [Int], _ fleet: ClientFleet) async throws {
        let thieves = try (0..<3).map { try fleet.add("thief\($0)", at: $0) }
        for holder in holders {
            let voice = fleet[holder]
            fleet.login(thieves[(voice.node + 1) % 3], as: voice.name)
        }
        try await eventually("all claims are answered") {
            thieves.reduce(0) { $0 + fleet[$1].answers.count } == holders.count
        }
        for thief in thieves {
            #expect(fleet[thief].answers.allSatisfy { $0.text.contains(#""value":"taken""#) })
        }
    }
}
