import ChatCore
import Foundation
import Testing

@testable import ChatNode

/// Compares the close codes with every other place that lists them.
@Suite struct CloseCodeTests {
    /// A list of codes after which a client does not connect again by itself.
    struct FinalCodes: CustomTestStringConvertible {
        let path: String
        let beginning: String
        let end: Character
        var testDescription: String { path }
    }

    private static func text(_ path: String) throws -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Returns the rows of the table after the first occurrence of `beginning`, as trimmed cells.
    private static func table(after beginning: String, in path: String) throws -> [[String]] {
        let text = try text(path)
        let place = try #require(text.range(of: beginning), "\(beginning) is not in \(path)")
        return text[place.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
            .drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
            .map { row in
                row.dropFirst().split(separator: "|", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    /// Returns the numbers of four digits in a text.
    private static func codes(in text: some StringProtocol) -> [UInt16] {
        text.split { !$0.isNumber }.filter { $0.count == 4 }.compactMap { UInt16($0) }
    }

    @Test func `docs/protocol/README.md lists every code`() throws {
        let listed = try Self.table(after: "## Close codes", in: "docs/protocol/README.md").map {
            $0[0]
        }
        #expect(listed == CloseCode.Known.allCases.map { "\($0.rawValue)" })
    }

    @Test(arguments: [
        FinalCodes(
            path: "Sources/CEmbedded/page/chatnode.js",
            beginning: "FINAL = new Set([",
            end: "]"
        ),
        FinalCodes(
            path: "examples/browser/chat-client.js",
            beginning: "FINAL_CODES = new Set([",
            end: "]"
        ),
        FinalCodes(path: "examples/python/chat.py", beginning: "FINAL_CODES = {", end: "}"),
        FinalCodes(path: "examples/python/chat_v1.py", beginning: "FINAL_CODES = {", end: "}"),
        FinalCodes(path: "examples/ruby/chat_v1.rb", beginning: "STAY_AWAY = [", end: "]"),
        FinalCodes(
            path: "Sources/ChatClient/Machine/ClientMachine+Sockets.swift",
            beginning: "case .closed(let code?, _):\n            [",
            end: "]"
        ),
    ])
    func `a client stays away after the codes of which docs/protocol/README.md says so`(
        _ list: FinalCodes
    ) throws {
        let final = try Self.table(after: "## Close codes", in: "docs/protocol/README.md")
            .filter { $0[2] == "no" }.map { $0[0] }
        let text = try Self.text(list.path)
        let place = try #require(text.range(of: list.beginning))
        let listed = Self.codes(in: text[place.upperBound...].prefix { $0 != list.end })
        #expect(listed.map { "\($0)" } == final)
    }

    @Test func `docs/operations.md lists the codes of every reason for a disconnection`() throws {
        let beginning = "The reasons in `disconnects_total`"
        var rows = try Self.table(after: beginning, in: "docs/operations.md")
        for reason in DisconnectReason.allCases {
            let index = try #require(rows.firstIndex { $0[0] == "`\(reason.rawValue)`" })
            let listed = Self.codes(in: rows.remove(at: index)[1])
            let counted = CloseCode.Known.allCases.filter {
                DisconnectReason(CloseCode($0)) == reason
            }
            if reason != .other { #expect(listed == counted.map(\.rawValue), "\(reason)") }
        }
        #expect(rows.isEmpty)
    }

    @Test func `every code that a node sends first is counted under a reason of its own`() {
        for code in CloseCode.Known.allCases where code != .normal {
            #expect(DisconnectReason(CloseCode(code)) != .other, "\(code)")
        }
    }
}
