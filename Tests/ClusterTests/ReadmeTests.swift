import ChatClient
import Foundation
import Synchronization
import TestSupport
import Testing

/// The Swift program in the README, which is compared with the one here, so that it compiles and does what it
/// says.
@Suite struct ReadmeTests {
    /// Stands for the address in the README, which no test may listen on.
    private struct Address {
        let url: ChatURL
        func callAsFunction(_ text: String) -> ChatURL { url }
    }

    /// How many messages the program says.
    private static let count = 100
    /// The client says 20 messages a second, and waits for 20 s at most before it connects again.
    private static let patience = Duration.seconds(60)

    private func run(
        against ChatURL: Address,
        print: @escaping @Sendable (String, String) -> Void
    ) async throws {
        // The program begins.
        let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:18080/ws"))
        try await client.login("Ada")
        let tea = try await client.join("tea", history: 20)
        Task { for try await case .chat(let chat) in tea { print(chat.username, chat.json) } }
        for number in 1...100 {
            try await tea.send("message \(number)")  // returns when it is kept
        }
        try await client.logout()
        // The program ends.
        #expect(try await client.outboxCount() == 0)
        await client.close()
    }

    @Test(.timeLimit(.minutes(2)))
    func `the program loses and doubles nothing when its node is killed`() async throws {
        let cluster = try await TestCluster.start()
        let balancer = try await TestBalancer.start(nodes: cluster.nodes)
        let address = Address(url: try ChatURL("ws://127.0.0.1:\(balancer.port)/ws"))
        let heard = SharedLines()
        async let program: Void = run(against: address) { heard.add("\($0) \($1)") }
        try await eventually("the first message is heard", within: Self.patience) {
            !heard.all.isEmpty
        }
        let holder = try await cluster.redis.cli("HGET", "chat/name/ada", "node")
        let label = try await cluster.redis.cli("GET", "chat/label/\(holder)")
        try await eventually("half of the messages are said", within: Self.patience) {
            heard.all.count >= Self.count / 2
        }
        try await cluster.kill(try #require(cluster.nodes.firstIndex { $0.label == label }))
        let heardBefore = heard.all.count
        try await program
        let reader = try RoomClient(port: balancer.port, room: "tea")
        try reader.join(history: Self.count + 1)
        // Redis may answer a publisher before the reader's node has the message.
        try reader.hear(upTo: Self.count)
        #expect(reader.values == (1...Self.count).map { "\"message \($0)\"" })
        // The last ones can be acknowledged before they are heard, and then the program has ended.
        let lines = heard.all
        #expect(lines.count > heardBefore)
        #expect(lines == lines.indices.map { "Ada \"message \($0 + 1)\"" })
    }

    @Test func `it is the README's`() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let block = try #require(readme.components(separatedBy: "```swift\n").dropFirst().first)
        let here =
            try String(contentsOfFile: #filePath, encoding: .utf8)
            .components(separatedBy: "// The program ").dropFirst().first ?? ""
        func lines(_ text: String) -> [String] {
            text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let own = Array(lines(here).dropFirst().dropLast()) + ["await client.close()"]
        #expect(lines(block.components(separatedBy: "```")[0]) == own)
    }
}

/// Lines that several tasks add to.
private final class SharedLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}
