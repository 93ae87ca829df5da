import Foundation
import Testing

@testable import ChatCore

/// The examples of messages in `docs/protocol`, and what the sources say of message types.
enum ExampleFiles {
    /// Types and examples that are described and not built yet. Without these names the tests ask for them,
    /// too.
    static let pending: Set<String> = []

    /// The folder of a dialect's examples.
    static func folder(of dialect: Dialect) -> String {
        switch dialect {
        case .plain: "plain"
        case .v1: "chat.v1"
        }
    }

    /// Whether an example is not built yet.
    static func isPending(_ name: String) -> Bool {
        pending.contains(name) || pending.contains(type(of: name))
    }

    /// Returns the type of the message in an example.
    static func type(of name: String) -> String {
        String(name.prefix { $0 != "." })
    }

    /// Returns the names of the examples in a folder, without what they end in.
    static func names(in folder: String, ending: String = ".json") throws -> Set<String> {
        let path = root.appending(path: "docs/protocol/examples/\(folder)").path
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(files.allSatisfy { $0.hasSuffix(ending) }, "\(folder) has only \(ending)")
        return Set(files.map { String($0.dropLast(ending.count)) })
    }

    /// Returns the lines of an example.
    static func lines(_ path: String) throws -> [String] {
        let file = root.appending(path: "docs/protocol/examples/\(path)")
        let text = try String(contentsOf: file, encoding: .utf8)
        try #require(text.hasSuffix("\n"), "\(path) ends in a line break")
        return text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// Returns the message in an example.
    static func message(_ path: String) throws -> String {
        let lines = try lines(path + ".json")
        try #require(lines.count == 1, "\(path) is one line")
        return lines[0]
    }

    /// Returns the words that follow a text in the sources of a folder of ChatCore, each up to a quote.
    static func words(after beginning: String, in folder: String) throws -> Set<String> {
        let place = root.appending(path: "Sources/ChatCore/\(folder)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: place.path)
            .filter { $0.hasSuffix(".swift") }
        let words = try files.flatMap { file in
            try String(contentsOf: place.appending(path: file), encoding: .utf8)
                .components(separatedBy: beginning).dropFirst()
                .map { String($0.prefix { $0 != "\"" }) }
        }
        try #require(!words.isEmpty, "\(beginning) is in \(folder)")
        return Set(words)
    }

    private static let root: URL = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root
    }()
}
