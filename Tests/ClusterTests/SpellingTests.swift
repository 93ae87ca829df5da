import TestSupport
import Testing

/// One name in several spellings, on several nodes.
@Suite struct SpellingTests {
    @Test func `the spelling claimed last is heard on every node, also after Redis has restarted`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2)
        let fleet = try ClientFleet(of: 2, at: cluster.nodes.map(\.port))
        try await fleet.loginAll()
        fleet.say(#"{"type":"login","username":"USER0"}"#, by: 0)
        fleet.say(#"{"type":"chat","username":"user0","value":1}"#, by: 0)
        let shown = #"{"type":"chat","username":"USER0","value":1,"#
        try await eventually("everybody hears the other spelling") {
            fleet.voices.allSatisfy { $0.chats.last?.text.hasPrefix(shown) == true }
        }
        // On the other node it is still taken, in any spelling.
        fleet.say(#"{"type":"login","username":"User0"}"#, by: 1)
        try await eventually("it is told") {
            fleet[1].answers.last?.text.contains(#""value":"taken""#) == true
        }
        // In another epoch the name is claimed again, in the spelling that is shown.
        try await cluster.redis.kill()
        try await cluster.redis.restart(empty: true)
        try await eventually("the record has it") {
            try await cluster.redis.cli("HGET", "chat/name/user0", "display") == "USER0"
        }
    }
}
