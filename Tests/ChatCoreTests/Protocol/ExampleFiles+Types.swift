import Foundation
import TestSupport
import Testing

@testable import ChatCore

/// Reads the message types in the sources, and which examples are still to be built.
extension ExampleFiles {
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

    /// Returns the words that follow a text in the sources of a folder of ChatCore, each up to a quote.
    static func words(after beginning: String, in folder: String) throws -> Set<String> {
        let place = path("Sources/ChatCore/\(folder)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: place)
            .filter { $0.hasSuffix(".swift") }
        let words = try files.flatMap { file in
            try String(contentsOfFile: "\(place)/\(file)", encoding: .utf8)
                .components(separatedBy: beginning).dropFirst()
                .map { String($0.prefix { $0 != "\"" }) }
        }
        try #require(!words.isEmpty, "\(beginning) is in \(folder)")
        return Set(words)
    }
}
