import Foundation
import Testing

@testable import ChatNode

/// How `chatnode config init` writes its file.
@Suite struct ConfigInitTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "chatnode-init-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func text(of path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test func `a file that exists is left as it is unless it may be replaced`() throws {
        try inFolder { (folder) throws in
            let path = "\(folder)/chat.yaml"
            #expect(ConfigInit.write("a long text\n", to: path, replaces: false) == nil)
            #expect(ConfigInit.write("b\n", to: path, replaces: false) == EEXIST)
            #expect(try text(of: path) == "a long text\n")
            #expect(ConfigInit.write("b\n", to: path, replaces: true) == nil)
            #expect(try text(of: path) == "b\n")
        }
    }

    @Test func `a link to a file, or to nothing, counts as a file`() throws {
        try inFolder { (folder) throws in
            let link = "\(folder)/link"
            try FileManager.default.createSymbolicLink(
                atPath: link,
                withDestinationPath: "\(folder)/nothing"
            )
            #expect(ConfigInit.write("a\n", to: link, replaces: false) == EEXIST)
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/nothing"))
        }
    }

    @Test func `a place that takes no file is told by its error`() throws {
        try inFolder { (folder) throws in
            #expect(ConfigInit.write("a", to: "\(folder)/no/file", replaces: false) == ENOENT)
            #expect(ConfigInit.write("a", to: folder, replaces: true) == EISDIR)
        }
        // A device that is always full (full(4)).
        #expect(ConfigInit.write("a", to: "/dev/full", replaces: true) == ENOSPC)
    }
}
