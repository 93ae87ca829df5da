import Foundation

/// The examples of messages in `docs/protocol/examples`.
public enum ExampleFiles {
    /// Returns the whole path of a file or folder of the project.
    public static func path(_ place: String) -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appending(path: place).path
    }

    private static let folder = path("docs/protocol/examples")

    /// Returns the names of the examples in a folder, without what they end in.
    ///
    /// Fails: if a file ends otherwise.
    public static func names(in name: String, ending: String = ".json") throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")
        if let other = files.first(where: { !$0.hasSuffix(ending) }) { throw Unexpected(other) }
        return Set(files.map { String($0.dropLast(ending.count)) })
    }

    /// Returns the lines of an example.
    ///
    /// Fails: if it does not end in a line break.
    public static func lines(_ path: String) throws -> [String] {
        let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
        guard text.hasSuffix("\n") else { throw Unexpected("\(path) ends without a line break") }
        return text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// Returns the message in an example.
    ///
    /// Fails: if it is not one line.
    public static func message(_ path: String) throws -> String {
        let lines = try lines(path + ".json")
        guard lines.count == 1 else { throw Unexpected("\(path) has \(lines.count) lines") }
        return lines[0]
    }
}
