import ArgumentParser
import ChatBench
import ChatConform
import ChatCore
import ChatSupport
import ChatTerminal
@preconcurrency import Dispatch
import Glibc

/// The process: does what must be done before any command begins, and before anything opens a
/// descriptor.
@main
enum Program {
    static func main() {
        StandardDescriptors.fill()
        LineQueue.flushAtExit()
        // The limit of descriptors is raised first: that needs no descriptor.
        let limit = Descriptors.limit.now
        guard Capacity.descriptors(upTo: Limits.startDescriptors) == Limits.startDescriptors else {
            Terminal.complain(
                """
                error: this process may have \(limit) descriptors, and that is too few to start
                  fix: \(TooFew.moreDescriptors)
                """
            )
            exit(EX_OSERR)
        }
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let unknown = UnknownCommand(in: arguments, of: ChatNode.self) {
            Terminal.complain(unknown.description)
            exit(EX_USAGE)
        }
        // Not an asynchronous main, in front of which Dispatch may open descriptors of its own.
        Task { @MainActor in
            await ChatNode.main()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }
}

/// The command: one binary with several subcommands; without one of them it serves.
struct ChatNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chatnode",
        abstract: "A chat server that people run as many identical copies of.",
        discussion: """
            EXAMPLES
              chatnode                          a node on 127.0.0.1:4567, with a page
              chatnode --port 8080 --node-id n1
              chatnode serve --help             every setting of a node
              chatnode config init              the same, as a file to be edited

            EXIT CODES, as in sysexits.h
              0    fine
              64   wrong arguments
              71   too few descriptors to start
              others: see the --help of each command
            """,
        version: Version.line,
        subcommands: [
            Serve.self, Connect.self, Remove.self, ConfigCommand.self, Bench.self, Conform.self,
        ],
        defaultSubcommand: Serve.self
    )
}
