import ChatCore
import Foundation
import TestSupport
import Testing

/// Who is present in rooms of a cluster whose nodes die and whose data is lost.
@Suite struct PresenceClusterTests {
    /// A client in one room that takes note of who comes and goes there.
    private final class Watcher {
        let client: RoomClient
        private(set) var names: Set<String> = []
        /// How often each name has left, and joined.
        private(set) var left: [String: Int] = [:]
        private(set) var joined: [String: Int] = [:]
        private(set) var contradictions: [String] = []

        init(port: Int, room: String) throws {
            client = try RoomClient(port: port, room: room)
            try take(client.join()[0])
            for text in client.presence { try take(text) }
        }

        /// Reads until a number of names are there.
        func watch(until count: Int) throws {
            while names.count != count {
                let text = try client.socket.hear()
                if text.hasPrefix(#"{"type":"presence""#) { try take(text) }
            }
        }

        /// Reads what has come up to now.
        func catchUp() throws {
            let known = client.presence.count
            try client.socket.say(#"{"type":"ping"}"#)
            while try !client.hear().contains("pong") {}
            for text in client.presence[known...] { try take(text) }
        }

        private func take(_ text: String) throws {
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            if let members = object?["members"] as? [String] { names = Set(members) }
            let gone = object?["left"] as? [String] ?? []
            let new = object?["joined"] as? [String] ?? []
            for name in gone {
                left[name, default: 0] += 1
                if names.remove(name) == nil { contradictions.append("\(name) was not there") }
            }
            for name in new {
                joined[name, default: 0] += 1
                if !names.insert(name).inserted { contradictions.append("\(name) was there") }
            }
            if let count = object?["count"] as? Int, count != names.count {
                contradictions.append("\(count) are there, not \(names.sorted())")
            }
        }
    }

    /// A login that has joined a room.
    private struct Member {
        let name: String
        let session: String
        let client: RoomClient

        init(_ name: String, port: Int, room: String, session: String? = nil) throws {
            client = try RoomClient(port: port, room: room)
            let login = try client.login(name, session: session)
            (self.name, self.session) = (name, login.session)
            if session != nil { #expect(login.isResumed) }
            try client.join()
        }
    }

    /// What happens to Redis just before.
    enum Loss: CaseIterable { case none, flushed, restartedEmpty }

    @Test(arguments: Loss.allCases)
    func `the names of a killed node leave each room once, and those who come back do not`(
        loss: Loss
    ) async throws {
        // The others count the lease anew if they or Redis stand still meanwhile.
        try await inOneOfThreeTries { try await killOneOfFour(after: loss, $0) }
    }

    private func killOneOfFour(after loss: Loss, _ disturbances: Disturbances) async throws {
        // Three nodes reap the names of the fourth at the same time.
        let cluster = try await TestCluster.start(nodes: 4, flags: ["--message-rate", "0"])
        disturbances.watch(cluster.redis)
        disturbances.watch(cluster.nodes[1...])
        let rooms = (0..<20).map { "room\($0)" }
        let watchers = try rooms.flatMap { room in
            try cluster.nodes[1...].map { try Watcher(port: $0.port, room: room) }
        }
        let members = try (0..<500).map { index in
            try Member("user\(index)", port: cluster.nodes[0].port, room: rooms[index % 20])
        }
        // Those of another node stay, whatever data is lost.
        let others = try rooms.map { room in
            try Member("of-\(room)", port: cluster.nodes[1].port, room: room)
        }
        for watcher in watchers { try watcher.watch(until: 26) }
        switch loss {
        case .none: break
        case .flushed: try await cluster.redis.cli("FLUSHALL")
        case .restartedEmpty: try await cluster.redis.restart(empty: true)
        }
        let clock = ContinuousClock()
        try await cluster.kill(0)
        let killed = clock.now
        // One of each room comes back at once, with its secret. With the data the secrets are gone.
        let returned =
            loss != .none
            ? []
            : try members.prefix(20).map { member in
                try Member(
                    member.name,
                    port: cluster.nodes[1].port,
                    room: member.client.room,
                    session: member.session
                )
            }
        for watcher in watchers { try watcher.watch(until: loss == .none ? 2 : 1) }
        try expectInTime(clock.now - killed, after: loss)
        let backs = Set(returned.map(\.name))
        for watcher in watchers {
            try watcher.catchUp()
            #expect(watcher.contradictions == [])
            #expect(watcher.left.values.allSatisfy { $0 == 1 })
            #expect(watcher.left.count == (loss == .none ? 24 : 25))
            #expect(watcher.joined.values.allSatisfy { $0 == 1 })
            #expect(backs.isDisjoint(with: watcher.left.keys))
        }
        for room in rooms {
            let present = try await cluster.redis.cli("HLEN", "chat/here/\(room)")
            #expect(present == (loss == .none ? "2" : "1"))
        }
        withExtendedLifetime(others) {}
    }

    private func expectInTime(_ took: Duration, after loss: Loss) throws {
        print("500 names of a killed node had left 20 rooms after \(took) (\(loss))")
        // A lease and 2 s, and a pause between two pieces of news. After a loss, instead of the lease, the time in
        // which the nodes find Redis again, and the grace. Three seconds more for a busy machine.
        let found = Limits.redisBackoffLast + Limits.redisConnectTimeout
        let wait = loss == .none ? Limits.lease : found + Limits.grace
        let bound = wait + .seconds(2) + Limits.presencePause + .seconds(3)
        try require(took < bound, "the names had left after \(took) (\(loss))")
    }
}
