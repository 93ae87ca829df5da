import ChatSupport

/// Everything that is wrong with a configuration, at once, so that a person need not correct one
/// line and start again to be told about the next.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// At least one.
    let problems: [Problem]

    /// Describes each problem in a block of lines for people.
    var description: String {
        problems.map(\.description).joined(separator: "\n")
    }

    /// The exit code of the process: 64 (`EX_USAGE`) if only flags are to blame, 78 (`EX_CONFIG`)
    /// otherwise, as in sysexits.h. A service manager should restart the process after neither.
    var exitCode: Int32 {
        problems.flatMap(\.blamed).allSatisfy(\.isFlag) ? 64 : 78
    }

    /// One thing that is wrong.
    enum Problem: Equatable, Sendable {
        /// The file has a key that is no setting.
        case unknownKey(String, at: SettingSource, closest: String?)
        /// The environment has a variable with our prefix that is no setting.
        case unknownVariable(String, closest: String?, fromKubernetes: Bool)
        /// A value cannot be read; it is nil if there is none, if it is not one text, or if it may
        /// contain a password.
        case invalid(
            key: String,
            value: String?,
            complaint: String,
            expected: String,
            at: SettingSource
        )
        /// The file has a key more than once.
        case duplicates(keys: [String], at: SettingSource)
        case unreadable(path: String, reason: String, at: SettingSource)
        case malformed(path: String, reason: String, fix: String, at: SettingSource)
        /// Two values are fine alone and do not fit together.
        case contradiction(
            key: String,
            complaint: String,
            other: String,
            fix: String,
            at: [SettingSource]
        )
    }
}

extension ConfigurationError.Problem: CustomStringConvertible {
    /// Says what is wrong, where it came from, and what corrects it.
    var description: String {
        "error: \(what)\n  from: \(from)\n  fix: \(fix)"
    }

    /// The sources of the wrong values; defaults are never to blame.
    fileprivate var blamed: [SettingSource] {
        switch self {
        case .unknownKey(_, let source, _), .invalid(_, _, _, _, let source),
            .duplicates(_, let source), .malformed(_, _, _, let source):
            [source]
        case .unreadable(let path, _, _): [.file(path: path, line: 1)]
        case .unknownVariable(let name, _, _): [.environment(variable: name)]
        case .contradiction(_, _, _, _, let sources): sources.filter { $0 != .standard }
        }
    }

    private var what: String {
        switch self {
        case .unknownKey(let key, _, _):
            "\(key.printable): there is no such setting"
        case .unknownVariable(let name, _, _):
            "\(name.printable): there is no such setting"
        case .invalid(let key, let value, let complaint, _, _):
            "\(key): \(value.map { "“\($0.excerpt)” " } ?? "")\(complaint)"
        case .duplicates(let keys, _):
            "\(keys.map(\.excerpt).joined(separator: ", ")): set more than once"
        case .unreadable(let path, let reason, _):
            "cannot read \(path.printable): \(reason)"
        case .malformed(let path, let reason, _, _):
            "\(path.printable) is not valid: \(reason.printable)"
        case .contradiction(let key, let complaint, _, _, _):
            "\(key): \(complaint)"
        }
    }

    private var from: String {
        switch self {
        case .unknownVariable(let name, _, _):
            "\(SettingSource.environment(variable: name))"
        case .unknownKey(_, let source, _), .invalid(_, _, _, _, let source),
            .duplicates(_, let source), .unreadable(_, _, let source),
            .malformed(_, _, _, let source):
            "\(source)"
        case .contradiction(let key, _, let other, _, let sources):
            zip([key, other], sources).map { "\($0): \($1)" }.joined(separator: ", ")
        }
    }

    private var fix: String {
        switch self {
        case .unknownVariable(_, _, fromKubernetes: true):
            "set enableServiceLinks: false in the pod, or give the Kubernetes service another name"
        case .unknownKey(_, _, let closest), .unknownVariable(_, let closest, _):
            closest.map { "did you mean `\($0)`?" }
                ?? "take it out; `chatnode serve --help` lists every setting"
        case .invalid(_, _, _, let expected, _): expected
        case .duplicates: "keep one line for each"
        case .unreadable: "check the path and its permissions, or start without a file"
        case .malformed(_, _, let fix, _), .contradiction(_, _, _, let fix, _): fix
        }
    }
}

extension String {
    /// The text, safe to print and short enough for one line.
    fileprivate var excerpt: String {
        count <= 80 ? printable : "\(String(prefix(80)).printable)…"
    }
}
