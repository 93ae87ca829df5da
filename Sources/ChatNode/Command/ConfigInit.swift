import ArgumentParser
import ChatSupport
import Glibc

/// `chatnode config init`: writes a configuration file with every setting, each commented out.
struct ConfigInit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a configuration file with every setting, its meaning and its default.",
        discussion: """
            EXAMPLES
              chatnode config init                         to the standard output
              chatnode config init /etc/chatnode.yaml
              chatnode config init --force chatnode.yaml

            Every line is commented out, so the file changes nothing until it is edited.

            EXIT CODES
              0    fine
              64   wrong arguments
              73   there is a file already, or the file cannot be written
              74   the output cannot be written
            """
    )

    @Argument(help: "The file to write; none, or -, is the standard output.")
    var path: String?
    @Flag(help: "Replace the file if there is one.")
    var force = false

    func run() throws {
        let text = Configuration.reference()
        guard let path, path != "-" else { return try Terminal.write(text) }
        guard let error = Self.write(text, to: path, replaces: force) else {
            return Terminal.say("wrote \(path.printable)")
        }
        Terminal.complain(Self.complaint(path, error))
        throw ExitCode(EX_CANTCREAT)
    }

    /// Writes a new file, or replaces one. Returns the `errno` of the call that failed, if one did; then
    /// a file that is new is removed again.
    static func write(_ text: String, to path: String, replaces: Bool) -> CInt? {
        let exclusive = replaces ? O_TRUNC : O_EXCL
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | exclusive, 0o644)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        guard let error = Terminal.write(Array(text.utf8), to: descriptor) else { return nil }
        if !replaces { unlink(path) }
        return error
    }

    private static func complaint(_ path: String, _ error: CInt) -> String {
        guard error != EEXIST else {
            return """
                error: \(path.printable) exists already, and is left as it is
                  fix: another path, or --force to replace it
                """
        }
        return """
            error: cannot write \(path.printable): \(String(cString: strerror(error)).lowercased())
              fix: a path where this user may write
            """
    }
}
