import Testing

@testable import ChatNode

@Suite struct UnknownCommandTests {
    private func unknown(_ line: String) -> UnknownCommand? {
        UnknownCommand(in: line.split(separator: " ").map(String.init), of: ChatNode.self)
    }

    @Test(arguments: [
        ("sreve", "serve"), ("configg show", "config"), ("bnech --json", "bench"),
        ("hlep", nil), ("start", nil),
    ])
    func `a word that is no command names the one that was meant`(line: String, meant: String?) {
        #expect(unknown(line)?.closest == meant)
        #expect(unknown(line)?.parent == "chatnode")
    }

    @Test func `a command's subcommands are looked through too`() throws {
        let misspelt = try #require(unknown("config chekc --port 80"))
        #expect(
            misspelt.description == """
                error: there is no command “chekc”
                  fix: did you mean `chatnode config check`?
                """
        )
        let strange = try #require(unknown("bench everything"))
        #expect(strange.description.hasSuffix("  fix: `chatnode bench --help` lists the commands"))
    }

    @Test(arguments: [
        "", "--port 80", "--node-id sreve", "serve", "serve sreve", "config", "config show x",
        "bench fanout ws://a:1", "help", "help serve", "config help show", "--version",
    ])
    func `flags, arguments and commands that there are pass`(line: String) {
        #expect(unknown(line) == nil)
    }
}
