import TestSupport
import Testing

/// One of the keys in Redis is deleted, or an older value of it is restored, while the nodes'
/// clients chat.
@Suite struct KeyTests {
    /// The keys, as patterns of KEYS; the names that clients hold are separate.
    private static let keys = [
        "chat/room/lobby", "chat/log/lobby", "chat/held/*", "chat/label/*", "chat/nodes",
        "chat/epoch",
    ]

    @Test func `whatever key is gone or older, every client hears each accepted message once`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2)
        let fleet = try ClientFleet(of: 6, at: cluster.nodes.map(\.port))
        try await fleet.loginAll()
        let all = 0..<6
        for key in Self.keys {
            // While all clients talk.
            fleet.talk(all)
            try await goOn(fleet, all, "before \(key) is deleted")
            try await delete(key, cluster)
            try await goOn(fleet, all, "after \(key) was deleted")
            try await copy(key, cluster)
            try await goOn(fleet, all, "before \(key) is put back")
            try await putBack(key, cluster)
            try await goOn(fleet, all, "after \(key) was put back")
            // While no client talks.
            try await fleet.hush()
            try await fleet.settle()
            try await delete(key, cluster)
        }
        fleet.talk(all)
        try await goOn(fleet, all, "at the end")
        try await fleet.hush()
        try await fleet.settle()
        #expect(fleet.ended == [])
        #expect(fleet.doubles == [])
        #expect(fleet.strays(among: all) == [])
        let lost = fleet.voices.flatMap(\.answers).filter { $0.text.contains("logged_out") }
        #expect(lost.isEmpty, "nobody has lost a name: \(lost.map(\.text))")
    }

    /// Waits until each client has sent one more message that was heard.
    private func goOn(_ fleet: ClientFleet, _ voices: Range<Int>, _ when: String) async throws {
        func heard() -> [Int] {
            fleet.voices[voices].map { $0.words.filter { $0.fate == .heard }.count }
        }
        let before = heard()
        try await eventually("everybody is heard \(when)") {
            zip(heard(), before).allSatisfy { $0 >= $1 + 3 }
        }
    }

    private func matches(_ key: String, _ cluster: TestCluster) async throws -> [String] {
        guard key.hasSuffix("*") else { return [key] }
        return try await cluster.redis.cli("KEYS", key).split(separator: "\n").map(String.init)
    }

    private func delete(_ key: String, _ cluster: TestCluster) async throws {
        for key in try await matches(key, cluster) { try await cluster.redis.cli("DEL", key) }
    }

    private func copy(_ key: String, _ cluster: TestCluster) async throws {
        for key in try await matches(key, cluster) {
            try await cluster.redis.cli("COPY", key, "old/\(key)", "REPLACE")
        }
    }

    private func putBack(_ key: String, _ cluster: TestCluster) async throws {
        for old in try await matches("old/" + key, cluster) {
            try await cluster.redis.cli("COPY", old, String(old.dropFirst(4)), "REPLACE")
            try await cluster.redis.cli("DEL", old)
        }
    }
}
