import TestSupport
import Testing

@testable import ChatCore

/// Writes the examples of what nodes send as a node writes them, and compares them byte for byte.
@Suite struct ServerExampleTests {
    @Test(arguments: Dialect.allCases)
    func `each example is what a node sends`(_ dialect: Dialect) throws {
        let folder = ExampleFiles.folder(of: dialect) + "/server"
        let messages = try dialect == .plain ? ServerExamples.plain() : ServerExamples.v1()
        let names = try ExampleFiles.names(in: folder).filter { !ExampleFiles.isPending($0) }
        #expect(names == Set(messages.keys))
        for (name, message) in messages {
            #expect(try ExampleFiles.message("\(folder)/\(name)") == message, "\(name)")
        }
    }

    @Test func `each type that a node sends has an example`() throws {
        let written = try ExampleFiles.words(after: "MessageWriter(\"", in: ".")
            .union(ExampleFiles.words(after: " append(\"", in: "Session/V1"))
            // The bytes of entries are copied and not made anew.
            .union(ExampleFiles.words(after: "StaticString = #\"{\"type\":\"", in: "Messages"))
        let names = try ExampleFiles.names(in: ExampleFiles.folder(of: .v1) + "/server")
        let types = Set(names.filter { !ExampleFiles.isPending($0) }.map(ExampleFiles.type))
        // `MessageWriter` itself begins a message of any type.
        #expect(written.subtracting([""]) == types)
    }

    @Test func `each code and each reason has an example`() throws {
        let names = try ExampleFiles.names(in: ExampleFiles.folder(of: .v1) + "/server")
        for code in ErrorCode.allCases { #expect(names.contains("error.\(code.rawValue)")) }
        for reason in LoginFailureReason.allCases {
            #expect(names.contains("login_failure.\(reason.rawValue)"))
        }
        for reason in LogoutReason.allCases {
            #expect(names.contains("logged_out.\(reason.rawValue)"))
        }
    }
}
