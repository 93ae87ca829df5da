import ChatCore
import TestSupport
import Testing

/// Redis is stopped for a while: its connections stay, and nothing is answered.
@Suite struct PauseTests {
    private let clock = ContinuousClock()
    /// How long a call may remain unanswered: it is given up as lost after 1.5 s
    /// (`Limits.redisCommandTimeout`), seen a tick later (`Limits.wheelTick`): within two seconds;
    /// and three for a busy machine.
    private let patience = Duration.seconds(5)
    /// How long a login may remain unanswered: it waits for another connection for
    /// `Limits.claimPatience`, seen a tick later; and three seconds for a busy machine.
    private let loginPatience = Limits.claimPatience + Limits.wheelTick + .seconds(3)

    @Test func `every client is told in time, and messages on their way are settled afterwards`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2)
        let fleet = try ClientFleet(
            of: 10,
            at: cluster.nodes.map(\.port),
            pause: .milliseconds(100)
        )
        try await fleet.loginAll()
        fleet.talk(0..<4)
        try await eventually("they chat") {
            fleet.voices[0..<4].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 5 }
        }
        try await fleet.hush()
        let stranger = try fleet.add("stranger", at: 0)
        cluster.redis.pause()
        let stopped = clock.now
        // One message of each node is on its way now, and one waits after it.
        fleet.talk(0..<4)
        fleet.login(stranger)
        fleet.logout(4)
        try await eventually("the stranger is told") { fleet[stranger].answers.count == 1 }
        let answer = fleet[stranger].answers[0]
        try expectUnavailable(answer, "login_failure", since: stopped, within: loginPatience)
        try await eventually("who logs out is told") { fleet[4].answers.count == 2 }
        #expect(fleet[4].answers[1].text.contains(#""type":"logged_out""#))
        #expect(fleet[4].answers[1].at - stopped < patience)

        // By now the nodes know that Redis does not answer: so they refuse at once.
        let known = clock.now
        fleet.say(#"{"type":"chat","username":"user6","value":"late"}"#, by: 6)
        fleet.say(#"{"type":"login","username":"late"}"#, by: 7)
        fleet.logout(8)
        try await eventually("they are told") {
            [6, 7, 8].allSatisfy { fleet[$0].answers.count == 2 }
        }
        try expectUnavailable(fleet[6].answers[1], "error", since: known)
        try expectUnavailable(fleet[7].answers[1], "login_failure", since: known)
        #expect(fleet[8].answers[1].text.contains(#""type":"logged_out""#))
        #expect([6, 7, 8].allSatisfy { fleet[$0].answers[1].at - known < .seconds(1.5) })

        try await eventually("eight seconds have passed") { clock.now - stopped > .seconds(8) }
        cluster.redis.resume()
        let resumed = clock.now
        try await fleet.hush()
        let late = fleet.words { $0 != .open }.compactMap(\.knownAt).max() ?? resumed
        // An attempt to connect takes a second at most, and 2 s lie between two; two for a busy machine.
        #expect(late - resumed < .seconds(5))
        fleet.talk(0..<4)
        try await eventually("they chat again") {
            fleet.voices[0..<4].allSatisfy { $0.words.filter { $0.fate == .heard }.count > 10 }
        }
        try await fleet.hush()
        try await fleet.settle()
        #expect(fleet.ended == [])
        #expect(fleet.doubles == [])
        #expect(fleet.strays(among: 0..<10) == [])
        #expect(fleet.holes == [])
        #expect(!fleet.voices.contains { $0.chats.contains { $0.contains(#""late""#) } })
        // Any client may have the names that were given up meanwhile.
        fleet.login(stranger, as: "user4")
        try await eventually("the name is free") { fleet[stranger].answers.count == 2 }
        #expect(fleet[stranger].answers[1].text.contains(#""type":"logged_in""#))
        fleet.login(7, as: "user8")
        try await eventually("the name is free") { fleet[7].answers.count == 3 }
        #expect(fleet[7].answers[2].text.contains(#""type":"logged_in""#))
    }

    private func expectUnavailable(
        _ answer: (text: ReceivedText, at: ContinuousClock.Instant),
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
