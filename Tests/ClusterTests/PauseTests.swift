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
        // A node that stands still meanwhile answers late, and refuses what has waited.
        try await inOneOfThreeTries { disturbances in
            let cluster = try await TestCluster.start(nodes: 2)
            disturbances.watch(cluster.nodes)
            let fleet = try ClientFleet(
                of: 10,
                at: cluster.nodes.map(\.port),
                pause: .milliseconds(100)
            )
            try await fleet.loginAll()
            try await chat(fleet, more: 5)
            let stranger = try fleet.add("stranger", at: 0)
            cluster.redis.pause()
            let stopped = clock.now
            try await expectRefusals(fleet, stranger, since: stopped)
            try await eventually("eight seconds have passed") { clock.now - stopped > .seconds(8) }
            cluster.redis.resume()
            disturbances.watch(cluster.redis)
            let resumed = clock.now
            try await fleet.hush()
            let late = fleet.words { $0 != .open }.compactMap(\.knownAt).max() ?? resumed
            // An attempt to connect takes a second at most, and 2 s lie between two; two for a busy machine.
            try require(late - resumed < .seconds(5), "settled after \(late - resumed)")
            try await chat(fleet, more: 10)
            try await expectSettled(fleet)
            // Any client may have the names that were given up meanwhile.
            try await expectFree("user4", for: stranger, in: fleet)
            try await expectFree("user8", for: 7, in: fleet)
        }
    }

    /// Has the first four clients talk until each has been heard a few times more.
    private func chat(_ fleet: ClientFleet, more: Int) async throws {
        func heard() -> [Int] {
            fleet.voices[0..<4].map { $0.words.filter { $0.fate == .heard }.count }
        }
        let before = heard()
        fleet.talk(0..<4)
        try await eventually("they chat") { zip(before, heard()).allSatisfy { $1 > $0 + more } }
        try await fleet.hush()
    }

    /// Checks what clients are answered while Redis stands still.
    private func expectRefusals(
        _ fleet: ClientFleet,
        _ stranger: Int,
        since stopped: ContinuousClock.Instant
    ) async throws {
        // One message of each node is on its way now, and one waits after it.
        fleet.talk(0..<4)
        fleet.login(stranger)
        fleet.logout(4)
        try await eventually("the stranger is told") { fleet[stranger].answers.count == 1 }
        let answer = fleet[stranger].answers[0]
        try expectUnavailable(answer, "login_failure", since: stopped, within: loginPatience)
        try await eventually("who logs out is told") { fleet[4].answers.count == 2 }
        try expectLoggedOut(fleet[4].answers[1], since: stopped, within: patience)

        // By now the nodes know that Redis does not answer: so they refuse at once, before a call is given up
        // (`Limits.redisCommandTimeout`).
        let atOnce = Duration.seconds(1.5)
        let known = clock.now
        fleet.say(#"{"type":"chat","username":"user6","value":"late"}"#, by: 6)
        fleet.say(#"{"type":"login","username":"late"}"#, by: 7)
        fleet.logout(8)
        try await eventually("they are told") {
            [6, 7, 8].allSatisfy { fleet[$0].answers.count == 2 }
        }
        try expectUnavailable(fleet[6].answers[1], "error", since: known, within: atOnce)
        try expectUnavailable(fleet[7].answers[1], "login_failure", since: known, within: atOnce)
        try expectLoggedOut(fleet[8].answers[1], since: known, within: atOnce)
    }

    private func expectUnavailable(
        _ answer: (text: ReceivedText, at: ContinuousClock.Instant),
        _ type: String,
        since asked: ContinuousClock.Instant,
        within patience: Duration
    ) throws {
        for part in [#""type":"\#(type)""#, #""unavailable""#, #","retry_ms":"#] {
            try require(answer.text.contains(part), answer.text.text)
        }
        try require(answer.at - asked < patience, "\(type) after \(answer.at - asked)")
    }

    private func expectLoggedOut(
        _ answer: (text: ReceivedText, at: ContinuousClock.Instant),
        since asked: ContinuousClock.Instant,
        within patience: Duration
    ) throws {
        try require(answer.text.contains(#""type":"logged_out""#), answer.text.text)
        try require(answer.at - asked < patience, "logged_out after \(answer.at - asked)")
    }

    /// Checks that each message has come to all clients once, or was refused and has come to none.
    private func expectSettled(_ fleet: ClientFleet) async throws {
        try await fleet.settle()
        try require(fleet.ended == [], "\(fleet.ended)")
        let faults = fleet.doubles + fleet.strays(among: 0..<10) + fleet.holes
        try requireAlways(faults == [], "\(faults)")
        let isLateHeard = fleet.voices.contains { $0.chats.contains { $0.contains(#""late""#) } }
        try requireAlways(!isLateHeard, "what was refused is heard")
    }

    /// Checks that a client gets a name. It asks again as long as its node cannot tell, or another loop, which has
    /// found Redis later, has still to give the name up: that takes the time in which a loop finds Redis again,
    /// and two seconds for a busy machine.
    private func expectFree(_ name: String, for index: Int, in fleet: ClientFleet) async throws {
        let found = Limits.redisBackoffLast + Limits.redisConnectTimeout
        try await eventually("\(name) is free", within: found + .seconds(2)) {
            let count = fleet[index].answers.count
            fleet.login(index, as: name)
            try await eventually("the login is answered") { fleet[index].answers.count > count }
            guard fleet[index].answers.last?.text.isLoggedIn != true else { return true }
            let told = clock.now
            try await eventually("it may ask again") { clock.now - told > Limits.retryAfter }
            return false
        }
    }
}
