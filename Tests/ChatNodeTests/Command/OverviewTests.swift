import Foundation
import Testing

@testable import ChatNode
@testable import ChatSupport

/// What `chatnode config show` prints.
@Suite struct OverviewTests {
    private func overview() throws -> Overview {
        Overview(
            try loadConfiguration(
                flags: ["port": "80", "redis-password-file": "secret"],
                environment: ["CHAT_HISTORY": "5"],
                file: "\nloops: 2\nallowed-origins: https://\(String(repeating: "a", count: 40))\n",
                otherFiles: ["secret": "hunter2"]
            )
        )
    }

    @Test func `every value has a line, in columns, with where it came from`() throws {
        let text = try overview().text
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("  ") }
        #expect(lines.count == Setting.all.count + 1)
        for line in [
            "  port                 80                                flag --port",
            "  history              5                                 environment CHAT_HISTORY",
            "  loops                2                                 chat.yaml:2",
            "  host                 127.0.0.1                         default",
            "  redis-password       (hidden)                          secret:1",
        ] {
            #expect(lines.contains(Substring(line)), "\(text)")
        }
        #expect(!text.contains("hunter2"))
    }

    @Test func `a long value moves no other`() throws {
        let lines = try overview().text.split(separator: "\n")
        let long = try #require(lines.first { $0.hasPrefix("  allowed-origins") })
        #expect(long.hasSuffix("aaaa  chat.yaml:3"))
    }

    @Test func `every section has its title above its settings`() throws {
        let blocks = try overview().text.split(separator: "\n\n").map { $0.split(separator: "\n") }
        #expect(
            blocks.compactMap(\.first).map(String.init) == ConfigurationSection.all.map(\.title)
        )
        for (block, section) in zip(blocks, ConfigurationSection.all) {
            let keys = block.dropFirst().compactMap { $0.split(separator: " ").first }
            #expect(keys.map(String.init).starts(with: section.settings.map(\.key)))
        }
    }

    @Test func `programs are told the same as people`() throws {
        struct Shown: Decodable {
            struct Setting: Decodable {
                let key: String
                let section: String
                let value: String
                let `default`: String
                let type: String?
                let origin: Origin
            }
            struct Origin: Decodable, Equatable {
                let kind: String
                var path: String?
                var line: Int?
                var variable: String?
                var flag: String?
            }
            let version: String
            let settings: [Setting]
        }
        let json = try overview().json
        #expect(json.hasSuffix("\n") && json.count { $0 == "\n" } == 1)
        #expect(!json.contains("hunter2"))
        let shown = try JSONDecoder().decode(Shown.self, from: Data(json.utf8))
        #expect(shown.version == Version.current)
        let byKey = Dictionary(uniqueKeysWithValues: shown.settings.map { ($0.key, $0) })
        #expect(Set(byKey.keys) == Set(Setting.all.map(\.key) + [Setting.passwordKey]))
        for setting in Setting.all { #expect(byKey[setting.key]?.default == setting.defaultText) }
        #expect(byKey["port"]?.value == "80")
        #expect(byKey["port"]?.type == "number")
        #expect(byKey["port"]?.origin == .init(kind: "flag", flag: "--port"))
        #expect(
            byKey["history"]?.origin == .init(kind: "environment", variable: "CHAT_HISTORY")
        )
        #expect(byKey["loops"]?.origin == .init(kind: "file", path: "chat.yaml", line: 2))
        #expect(byKey["host"]?.origin == .init(kind: "default"))
        #expect(byKey["redis-password"]?.value == "(hidden)")
    }

    @Test func `a password that is not there is not shown as one`() throws {
        #expect(Overview(Configuration()).text.contains(/redis-password +none +default/))
    }
}
