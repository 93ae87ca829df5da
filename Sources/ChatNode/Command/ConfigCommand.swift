import ArgumentParser

/// `chatnode config`: the commands about settings.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show, check or write the settings of a node.",
        discussion: """
            EXAMPLES
              chatnode config init /etc/chatnode.yaml
              chatnode config check --config /etc/chatnode.yaml
              chatnode config show --config /etc/chatnode.yaml --port 80

            EXIT CODES
              0    fine
              64   wrong arguments, or a wrong value in a flag
              78   a wrong value in the environment or the file, or an unreadable file
              others, of `config check` and `config init`: see their --help
            """,
        subcommands: [ConfigCheck.self, ConfigInit.self, ConfigShow.self]
    )
}
