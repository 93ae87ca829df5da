import ChatSupport

/// The source of a setting's value, described so that a person finds the place.
enum SettingSource: Equatable, Sendable, CustomStringConvertible {
    /// The default: no source gave a value.
    case standard
    case file(path: String, line: Int)
    case environment(variable: String)
    case flag(String)

    var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line): "\(path.printable):\(line)"
        case .environment(let variable): "environment \(variable.printable)"
        case .flag(let key): "flag --\(key)"
        }
    }

    /// The kind of source in one word.
    var kind: String {
        switch self {
        case .standard: "default"
        case .file: "file"
        case .environment: "environment"
        case .flag: "flag"
        }
    }

    /// Whether the command line gave the value.
    var isFlag: Bool {
        if case .flag = self { true } else { false }
    }
}
