import TestSupport
import Testing

/// Somebody deletes one of the keys in Redis, or puts an older value of it back, under nodes whose
/// clients chat.
@Suite struct KeyTests {
    /// Which key, as a pattern of KEYS; the names that clients hold are apart from it.
    private static let keys = [
        "chat/room/lobby", "chat/log/lobby", "chat/held/*", "chat/label/*", "chat/nodes",
        "chat/epoch",
    ]

    @Test func `whatever key is gone or older, what is accepted is heard by everybody once`()
        async throws
    {
        let cluster = try await TestCluster.start(nodes: 2)
        let choir = try Choir(of: 6, at: cluster.nodes.map(\.port))
        try await choir.loginAll()
        let all = 0..<6
        for key in Self.keys {
            // While everybody talks.
            choir.talk(all)
            try await goOn(choir, all, "before \(key) is deleted")
            try await delete(key, cluster)
            try await goOn(choir, all, "after \(key) was deleted")
            try await copy(key, cluster)
            try await goOn(choir, all, "before \(key) is put back")
            try await putBack(key, cluster)
            try await goOn(choir, all, "after \(key) was put back")
            // While nobody does.
            try await choir.hush()
            try await choir.settle()
            try await delete(key, cluster)
        }
        choir.talk(all)
        try await goOn(choir, all, "at the end")
        try await choir.hush()
        try await choir.settle()
        #expect(choir.ended == [])
        #expect(choir.doubles == [])
        #expect(choir.strays(among: all) == [])
        let lost = choir.voices.flatMap(\.answers).filter { $0.text.contains("logged_out") }
        #expect(lost.isEmpty, "nobody has lost a name: \(lost.map(\.text))")
    }

    /// Waits until everybody has said something more that was heard.
    private func goOn(_ choir: Choir, _ voices: Range<Int>, _ when: String) async throws {
        func heard() -> [Int] {
            choir.voices[voices].map { $0.words.filter { $0.fate == .heard }.count }
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
