import ChatClient
import Foundation
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

    private func run(against ChatURL: Address, print: (String, String) -> Bool) async throws {
        // The program begins.
        let client = try await ChatClient.connect(to: ChatURL("ws://127.0.0.1:4567/ws"))
        try await client.login("Ada")
        let tea = try await client.join("tea", history: 20)
        try await tea.send("hello")  // returns when it is kept, with its place in the room's order
        for try await case .chat(let message) in tea {
            if print(message.username, message.json) { break }
        }
        // The program ends.
        await client.close()
    }

    @Test func `the program hears what it has said`() async throws {
        let node = try await TestNodeProcess.start()
        var heard: [String] = []
        let address = Address(url: try ChatURL("ws://127.0.0.1:\(node.port)/ws"))
        try await run(against: address) { username, json in
            heard.append("\(username) \(json)")
            return true
        }
        #expect(heard == ["Ada \"hello\""])
    }

    @Test func `it is the README's`() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let block = try #require(readme.components(separatedBy: "```swift\n").dropFirst().first)
        let here =
            try String(contentsOfFile: #filePath, encoding: .utf8)
            .components(separatedBy: "// The program ").dropFirst().first ?? ""
        let own = here.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let lines = block.components(separatedBy: "```")[0].split(separator: "\n").map(String.init)
        // All but the loop's body, which ends here.
        for line in lines.dropLast() { #expect(own.contains(line), "\(line)") }
        let loop = try #require(lines.last).prefix { $0 != "{" }
        #expect(own.contains { $0.hasPrefix(loop) })
        #expect(lines.count == 5)
    }
}
