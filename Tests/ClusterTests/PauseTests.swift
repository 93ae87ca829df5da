import ChatCore
import TestSupport
import Testing

/// Redis is stopped for a while: its connections stay, and nothing is answered.
@Suite struct PauseTests {
    private let clock = ContinuousClock()
    /// What has been asked is given up for lost after 1.5 s (`Limits.redisCommandTimeout`), seen a
    /// tick later (`Limits.wheelTick`): within two seconds; and one for a busy machine.
    private let patience = Duration.seconds(3)
    /// A login waits for another connection for `Limits.claimPatience`, seen a tick later; and one for
    /// a busy machine.
    private let loginPatience = Limits.claimPatience + Limits.wheelTick + .seconds(1)

    @Test func `everybody is told in time, and what was on its way is settled afterwards`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2)
        let choir = try Choir(of: 10, at: cluster.nodes.map(\.port), pause: .milliseconds(100))
        try await choir.loginAll()
        choir.talk(0..<4)
        try await eventually("they chat") {
            choir.voices[0..<4].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 5 }
        }
        try await choir.hush()
        let stranger = try choir.add("stranger", at: 0)
        cluster.redis.pause()
        let stopped = clock.now
        // One message of each node is on its way now, and one waits behind it.
        choir.talk(0..<4)
        choir.login(stranger)
        choir.logout(4)
        try await eventually("the stranger is told") { choir[stranger].answers.count == 1 }
        let answer = choir[stranger].answers[0]
        try expectUnavailable(answer, "login_failure", since: stopped, within: loginPatience)
        try await eventually("who logs out is told") { choir[4].answers.count == 2 }
        #expect(choir[4].answers[1].text.contains(#""type":"logged_out""#))
        #expect(choir[4].answers[1].at - stopped < patience)

        // By now it is known that nobody answers: so it is said at once.
        let known = clock.now
        choir.say(#"{"type":"chat","username":"user6","value":"late"}"#, by: 6)
        choir.say(#"{"type":"login","username":"late"}"#, by: 7)
        choir.logout(8)
        try await eventually("they are told") {
            [6, 7, 8].allSatisfy { choir[$0].answers.count == 2 }
        }
        try expectUnavailable(choir[6].answers[1], "error", since: known)
        try expectUnavailable(choir[7].answers[1], "login_failure", since: known)
        #expect(choir[8].answers[1].text.contains(#""type":"logged_out""#))
        #expect([6, 7, 8].allSatisfy { choir[$0].answers[1].at - known < .seconds(1) })

        try await eventually("five seconds have passed") { clock.now - stopped > .seconds(5) }
        cluster.redis.resume()
        let resumed = clock.now
        try await choir.hush()
        let late = choir.words { $0 != .open }.compactMap(\.knownAt).max() ?? resumed
        // A try to connect takes a second at most, and 2 s lie between two.
        #expect(late - resumed < .seconds(3))
        choir.talk(0..<4)
        try await eventually("they chat again") {
            choir.voices[0..<4].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 10 }
        }
        try await choir.hush()
        try await choir.settle()
        #expect(choir.ended == [])
        #expect(choir.doubles == [])
        #expect(choir.strays(among: 0..<10) == [])
        #expect(choir.holes == [])
        #expect(!choir.voices.contains { $0.chats.contains { $0.contains(#""late""#) } })
        // The names given up meanwhile are anybody's.
        choir.login(stranger, as: "user4")
        try await eventually("the name is free") { choir[stranger].answers.count == 2 }
        #expect(choir[stranger].answers[1].text.contains(#""type":"logged_in""#))
        choir.login(7, as: "user8")
        try await eventually("the name is free") { choir[7].answers.count == 3 }
        #expect(choir[7].answers[2].text.contains(#""type":"logged_in""#))
    }

    private func expectUnavailable(
        _ answer: (text: Heard, at: ContinuousClock.Instant),
        _ type: String,
        since asked: ContinuousClock.Instant,
        within patience: Duration? = nil
    ) throws {
        #expect(answer.text.contains(#""type":"\#(type)""#), "\(answer.text.text)")
        #expect(answer.text.contains(#""unavailable""#), "\(answer.text.text)")
        #expect(answer.text.contains(#","retry_ms":"#), "\(answer.text.text)")
        #expect(answer.at - asked < patience ?? self.patience)
    }
}
