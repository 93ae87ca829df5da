import ArgumentParser
import Testing

@testable import ChatNode

@Suite struct CommandHelpTests {
    /// A command and all commands below it.
    private func commands(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [command] + command.configuration.subcommands.flatMap { commands(of: $0) }
    }

    @Test func `no command's explanation is too wide for a terminal of 80 columns`() {
        for command in commands(of: ChatNode.self) {
            for line in command.configuration.discussion.split(separator: "\n") {
                #expect(line.count <= 80, "\(line)")
            }
        }
    }
}
