import TestSupport
import Testing

/// Redis is emptied by an operator while the nodes' clients chat.
@Suite struct FlushTests {
    @Test func `an emptied Redis disturbs no client for long`() async throws {
        let clock = ContinuousClock()
        let cluster = try await TestCluster.start(nodes: 2)
        let fleet = try ClientFleet(of: 8, at: cluster.nodes.map(\.port), pause: .milliseconds(100))
        try await fleet.loginAll()
        // The last two only listen: no message of theirs keeps their names.
        let talkers = 0..<6
        fleet.talk(talkers)
        try await eventually("everybody chats") {
            fleet.voices[talkers].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 5 }
        }
        try await cluster.redis.cli("FLUSHALL")
        let emptied = clock.now
        func known(_ voice: ClientFleet.Voice) -> ContinuousClock.Instant? {
            voice.words.first { $0.fate == .heard && $0.saidAt > emptied }?.knownAt
        }
        try await eventually("everybody is heard again") {
            fleet.voices[talkers].allSatisfy { known($0) != nil }
        }
        let took = fleet.voices.compactMap(known).map { $0 - emptied }.max() ?? .zero
        // The next message shows it, and the next heartbeat, a second later at most; four seconds for a busy
        // machine. To have waited for a grace (`Limits.grace`) would be longer.
        #expect(took < .seconds(5))
        try await fleet.hush()
        try await fleet.settle()
        #expect(fleet.ended == [])
        #expect(fleet.doubles == [])
        for voice in fleet.voices {
            let numbers = voice.chats.compactMap(\.seq)
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, "\(numbers)")
        }
        // The names still belong to their holders: a grace later (`Limits.grace`) a claim of one is
        // answered.
        let thief = try fleet.add("thief", at: 0)
        for name in ["user0", "user7"] { fleet.login(thief, as: name) }
        try await eventually("the claims are answered") { fleet[thief].answers.count == 2 }
        #expect(fleet[thief].answers.allSatisfy { $0.text.contains(#""value":"taken""#) })
    }
}
