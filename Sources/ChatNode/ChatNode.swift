import ArgumentParser

/// The program: one binary, several commands; without one it serves.
@main
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
