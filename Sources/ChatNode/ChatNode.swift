import ArgumentParser
import ChatCore
@preconcurrency import Dispatch
import Glibc

/// The process: what has to be so before any command begins, and before anything opens a descriptor.
@main
enum Program {
    static func main() {
        StandardDescriptors.fill()
        LineQueue.flushAtExit()
        // Raised first: that needs no descriptor.
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
        // Not an asynchronous main, in front of which Dispatch may open descriptors of its own.
        Task { @MainActor in
            await ChatNode.main()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }
}

/// The command: one binary, several subcommands; without one it serves.
struct ChatNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chatnode",
        abstract: "A chat server that people run as many identical copies of.",
        discussion: """
            EXAMPLES
              chatnode                          a node on 127.0.0.1:4567, with a page to chat on
              chatnode --port 8080 --node-id n1
              chatnode serve --help             every setting of a node
            """,
        version: Version.current,
        subcommands: [Serve.self, Bench.self],
        defaultSubcommand: Serve.self
    )
}
