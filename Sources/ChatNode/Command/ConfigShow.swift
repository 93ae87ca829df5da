import ArgumentParser
import ChatSupport

/// `chatnode config show`: what a node with these flags would be set to, and why.
struct ConfigShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print every setting with its value and where that comes from.",
        discussion: """
            EXAMPLES
              chatnode config show
              chatnode config show --config /etc/chatnode.yaml --port 80
              chatnode config show --json

            It takes the flags of `chatnode serve`, and reads the same environment and
            file. A value comes from its default, a line of the file, a variable or a
            flag. Of Redis's password it shows only whether there is one.

            WITH --json, one object
              version, settings [{key,section,value,default,type,origin}]
              origin is {"kind":"default"}, {"kind":"file","path","line"},
              {"kind":"environment","variable"} or {"kind":"flag","flag"}

            EXIT CODES
              0    fine
              64   wrong arguments, or a wrong value in a flag
              74   the output cannot be written
              78   a wrong value in the environment or the file, or an unreadable file
            """
    )

    @Flag(help: "One JSON object instead of lines for people.")
    var json = false
    @OptionGroup var flags: ServeFlags

    func run() throws {
        let overview = Overview(try flags.configuration(processEnvironment()))
        try Terminal.write(json ? overview.json : overview.text)
    }
}
