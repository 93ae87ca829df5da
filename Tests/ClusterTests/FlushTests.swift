import TestSupport
import Testing

/// Somebody empties Redis under nodes whose clients chat.
@Suite struct FlushTests {
    @Test func `everything is forgotten and nobody notices for long`() async throws {
        let clock = ContinuousClock()
        let cluster = try await TestCluster.start(nodes: 2)
        let choir = try Choir(of: 8, at: cluster.nodes.map(\.port), pause: .milliseconds(100))
        try await choir.loginAll()
        // The last two only listen: their names are kept by nothing that they say.
        let talkers = 0..<6
        choir.talk(talkers)
        try await eventually("everybody chats") {
            choir.voices[talkers].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 5 }
        }
        try await cluster.redis.cli("FLUSHALL")
        let emptied = clock.now
        func known(_ voice: Choir.Voice) -> ContinuousClock.Instant? {
            voice.words.first { $0.fate == .heard && $0.saidAt > emptied }?.knownAt
        }
        try await eventually("everybody is heard again") {
            choir.voices[talkers].allSatisfy { known($0) != nil }
        }
        let took = choir.voices.compactMap(known).map { $0 - emptied }.max() ?? .zero
        // The next message shows it, and the next heartbeat, a second later at most.
        #expect(took < .seconds(3))
        try await choir.hush()
        try await choir.settle()
        #expect(choir.ended == [])
        #expect(choir.doubles == [])
        for voice in choir.voices {
            let numbers = voice.chats.compactMap(\.seq)
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, "\(numbers)")
        }
        // The names are their holders': a grace later (`Limits.grace`) a claim of one is answered.
        let thief = try choir.add("thief", at: 0)
        for name in ["user0", "user7"] { choir.login(thief, as: name) }
        try await eventually("the claims are answered") { choir[thief].answers.count == 2 }
        #expect(choir[thief].answers.allSatisfy { $0.text.contains(#""value":"taken""#) })
    }
}
