/// What a line asks for that a person or a script has entered.
enum TerminalCommand: Equatable {
    case nothing
    case say(String)
    case help
    case join(String)
    case leave
    case who
    /// Show this many older messages.
    case history(Int)
    /// Take back the message with this number; nil: the newest of one's own.
    case remove(UInt64?)
    case quit
    /// The line begins like a command, and is none; what is wrong with it.
    case wrong(String)

    /// Reads a line. Two slashes at its beginning stand for one that is said.
    init(_ line: String) {
        guard line.contains(where: { !$0.isWhitespace }) else {
            self = .nothing
            return
        }
        guard line.hasPrefix("/"), !line.hasPrefix("//") else {
            self = .say(line.hasPrefix("//") ? String(line.dropFirst()) : line)
            return
        }
        let words = line.dropFirst().split(separator: " ", omittingEmptySubsequences: true)
        let argument = words.dropFirst().first.map(String.init)
        switch words.first {
        case "help", "?": self = .help
        case "join": self = argument.map { .join($0) } ?? .wrong("/join needs the name of a room")
        case "leave": self = .leave
        case "who": self = .who
        case "history":
            guard let argument else { self = .history(20); return }
            let count = Int(argument).flatMap { $0 > 0 ? $0 : nil }
            self = count.map { .history($0) } ?? .wrong("/history needs a number")
        case "remove":
            guard let argument else { self = .remove(nil); return }
            self = UInt64(argument).map { .remove($0) } ?? .wrong("/remove needs a number")
        case "quit", "exit": self = .quit
        default: self = .wrong("there is no command /\(words.first ?? ""); /help lists them")
        }
    }

    /// What `/help` shows.
    static let commands = """
        /join ROOM     go to a room; what is entered is said there
        /leave         leave this room
        /who           who is here
        /history N     N older messages (20)
        /remove N      take back message number N, or the newest of one's own
        /quit          leave; so does Ctrl-D
        //text         says /text
        """
}
