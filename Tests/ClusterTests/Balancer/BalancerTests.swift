import Foundation
import TestSupport
import Testing

/// Nodes that end while clients of `chat.v1` talk behind the balancer, as `deploy/up` sets it up.
@Suite(.serialized) struct BalancerTests {
    private static let rooms = ["a", "b"]
    private static let membersEach = 30
    private static let speakersEach = 2
    /// How often a node ends: each of the three twice.
    private static let ends = 6
    /// The last thing said in each room.
    private static let last = #""end""#

    @Test(arguments: [SIGKILL, SIGTERM])
    func `clients of a node that ends come back elsewhere, and nothing is lost or doubled`(
        signal: CInt
    ) async throws {
        let cluster = try await TestCluster.start(
            flags: ["--message-rate", "0", "--drain-delay", "1s", "--drain-timeout", "5s"]
        )
        let balancer = try await TestBalancer.start(nodes: cluster.nodes)
        let (port, returns) = (balancer.port, Returns())
        let members = Self.rooms.flatMap { room in
            (0..<Self.membersEach).map { _ in
                returns.play {
                    try ReturningMember(port: port, room: room, returns: returns)
                        .listen(until: Self.last)
                }
            }
        }
        try await returns.reach("all are in their rooms") { returns.present == members.count }
        let speakers = Self.rooms.flatMap { room in
            (0..<Self.speakersEach).map { index in
                let speaker = ReturningSpeaker(
                    port: port,
                    room: room,
                    name: "speaker-\(room)\(index)",
                    returns: returns
                )
                return returns.play { try speaker.speak() }
            }
        }
        let clock = ContinuousClock()
        let began = clock.now
        for round in 0..<Self.ends {
            try await end(round % 3, signal, of: cluster, returns, members: members.count)
        }
        let perSecond = Double(returns.acknowledged) / ((clock.now - began) / .seconds(1))
        returns.finish()
        let said = try await speakers.asyncMap { try await $0.value }
        for room in Self.rooms {
            let closer = try RoomClient(port: port, room: room, name: "closer-\(room)")
            try closer.say(Self.last, n: 1)
            _ = try closer.hearAck(of: 1)
        }
        let heard = try await members.asyncMap { try await $0.value }
        for (index, room) in Self.rooms.enumerated() {
            let rows = heard[index * Self.membersEach..<(index + 1) * Self.membersEach]
            let sayings = said[index * Self.speakersEach..<(index + 1) * Self.speakersEach]
            check(Array(rows), Array(sayings), room)
        }
        if signal == SIGTERM { #expect(Set(returns.ends.keys) == ["1012"], "\(returns.ends)") }
        try #require(!returns.all.isEmpty)
        report(signal, returns, perSecond)
        withExtendedLifetime((cluster, balancer)) {}
    }

    /// Ends a node under load, waits until its members are elsewhere and the talk goes on, and starts it
    /// again.
    private func end(
        _ index: Int,
        _ signal: CInt,
        of cluster: TestCluster,
        _ returns: Returns,
        members: Int
    ) async throws {
        let before = (returns.ends.values.reduce(0, +), returns.acknowledged)
        let node = cluster.nodes[index]
        // The balancer asks for the node's health meanwhile, which is one more.
        let all = Int(try node.scrape().sum("chatnode_connections"))
        let there = max(0, all - 1 - Self.rooms.count * Self.speakersEach)
        node.process.signal(signal)
        let code = try await node.process.exitCode()
        #expect(code == (signal == SIGKILL ? 128 + Int(SIGKILL) : 0), "\(node.process.output)")
        try await returns.reach("all are back in their rooms") {
            returns.present == members && returns.ends.values.reduce(0, +) >= before.0 + there
        }
        try await returns.reach("the talk goes on") { returns.acknowledged >= before.1 + 50 }
        try await cluster.restart(index)
    }

    /// Checks that each member of a room has heard the same: what each speaker has said, once and in its
    /// order.
    private func check(_ heard: [[String]], _ said: [[String]], _ room: String) {
        #expect(Set(heard).count == 1, "members of \(room) have heard different things")
        let one = heard[0]
        #expect(one.count == said.reduce(1) { $0 + $1.count })
        for row in said {
            let speaker = row.first?.prefix { $0 != "." } ?? ""
            #expect(one.filter { $0.hasPrefix("\(speaker).") } == row)
        }
        #expect(one.last == Self.last)
    }

    private func report(_ signal: CInt, _ returns: Returns, _ perSecond: Double) {
        func quantiles(_ part: (Returns.Return) -> Duration) -> String {
            let sorted = returns.all.map(part).sorted()
            func at(_ share: Double) -> Int {
                Int(sorted[Int(Double(sorted.count - 1) * share)] / .milliseconds(1))
            }
            return "p50 \(at(0.5)) ms, p99 \(at(0.99)) ms"
        }
        print(
            """
            behind HAProxy, a node of three ended by signal \(signal), \(Self.ends) times, under \
            \(Int(perSecond)) messages/s: \(returns.all.count) clients came back, without them for \
            \(quantiles(\.interruption)); of that from connecting on \(quantiles(\.work)); \
            \(returns.acknowledged) messages said, sent again where an ack was lost, and heard once \
            by all; ends: \(returns.ends)
            """
        )
    }
}

extension Array {
    /// Maps one element after the other.
    fileprivate func asyncMap<Result>(
        _ body: (Element) async throws -> Result
    ) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
