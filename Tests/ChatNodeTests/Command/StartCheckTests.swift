import Foundation
import Testing

@testable import ChatNode

/// What `chatnode config check` finds beyond the values themselves.
@Suite struct StartCheckTests {
    private func troubles(_ flags: [String: String]) throws -> [StartTrouble] {
        StartCheck(try loadConfiguration(flags: flags)).troubles
    }

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = "/tmp/chatnode-check-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func `the defaults start anywhere`() throws {
        let check = StartCheck(Configuration())
        #expect(check.troubles.map(\.description) == [])
    }

    @Test func `an operators' socket where there is no folder is told as a start would`() throws {
        let troubles = try troubles(["admin": "unix:/nowhere/at/all.sock"])
        #expect(troubles.map(\.exitCode) == [EX_CANTCREAT])
        #expect(
            troubles.first?.description.hasPrefix(
                "error: cannot listen for operators at /nowhere/at/all.sock: no such file"
            ) == true
        )
    }

    @Test func `a file that is no socket stands in the way, and a socket does not`() throws {
        try inFolder { (folder) throws in
            let path = "\(folder)/a"
            #expect(try troubles(["admin": "unix:\(path)"]).isEmpty)
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            #expect(try troubles(["admin": "unix:\(path)"]).map(\.exitCode) == [EX_CANTCREAT])
        }
    }

    @Test func `a socket's folder that others can change is told as a start would`() throws {
        try inFolder { (folder) throws in
            var configuration = Configuration()
            configuration.admin.runtimeFolder = folder
            let own = "\(folder)/chatnode-\(geteuid())"
            try FileManager.default.createDirectory(
                atPath: own,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o770]
            )
            #expect(chmod(own, 0o770) == 0)
            #expect(StartCheck(configuration).troubles.map(\.exitCode) == [EX_NOPERM])
            #expect(chmod(own, 0o700) == 0)
            #expect(StartCheck(configuration).troubles.isEmpty)
        }
    }

    @Test func `the check says how many values come from where`() throws {
        let configuration = try loadConfiguration(
            flags: ["port": "80"],
            environment: ["CHAT_HISTORY": "5", "CHAT_LOOPS": "1"],
            file: "log-level: debug"
        )
        let defaults = Setting.all.count - 4
        #expect(
            ConfigCheck.origins(of: configuration)
                == "1 from the file, 2 from the environment, 1 from flags, \(defaults) defaults"
        )
    }
}
