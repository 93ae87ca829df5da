import ArgumentParser
import ChatSupport

/// A word on the command line that stands where a command's name does, and is none.
///
/// ArgumentParser would call it an unexpected argument of the default command.
struct UnknownCommand: Equatable, CustomStringConvertible {
    /// The commands before the word, such as `chatnode config`.
    let parent: String
    let word: String
    /// The name that was probably meant.
    let closest: String?

    /// Looks for one in the arguments of a command. Nil if there is none.
    init?(in arguments: [String], of command: any ParsableCommand.Type) {
        var command = command
        var parent = command._commandName
        for word in arguments {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-") else { return nil }
            // ArgumentParser's own command.
            if word == "help" { return nil }
            guard let next = subcommands.first(where: { $0._commandName == word }) else {
                self.parent = parent
                self.word = word
                closest = closestWord(to: word, among: subcommands.map { $0._commandName })
                return
            }
            parent += " \(word)"
            command = next
        }
        return nil
    }

    var description: String {
        """
        error: there is no command “\(word.printable)”
          fix: \(closest.map { "did you mean `\(parent) \($0)`?" }
            ?? "`\(parent) --help` lists the commands")
        """
    }
}
