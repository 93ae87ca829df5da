/// One row of the table of settings: the flag, the variable, the line of the file, the help, the
/// reference and the parser of one value, all from here.
struct Setting: Sendable {
    /// The name in the file; the flag is `--key`.
    let key: String
    /// What stands for the value in the help, with its unit.
    let placeholder: String
    /// One sentence for somebody who wonders whether to change it.
    let meaning: String
    /// What a value looks like, for the `fix:` line of an error.
    let expected: String
    /// Whether the file may give a list.
    let isList: Bool
    /// Why neither the file nor the environment may say it; nil for nearly all, which they may.
    let flagOnly: String?
    /// Reads a value into the configuration.
    let assign: @Sendable (String, inout Configuration) throws(InvalidValue) -> Void
    /// The value as one would write it.
    let show: @Sendable (Configuration) -> String

    init<Value>(
        _ key: String,
        _ field: any WritableKeyPath<Configuration, Value> & Sendable,
        _ kind: ValueKind<Value>,
        _ placeholder: String,
        _ meaning: String,
        flagOnly: String? = nil
    ) {
        self.key = key
        self.placeholder = placeholder
        self.meaning = meaning
        expected = kind.expected
        isList = kind.isList
        self.flagOnly = flagOnly
        assign = { (text, configuration) throws(InvalidValue) in
            configuration[keyPath: field] = try kind.parse(text)
        }
        show = { kind.show($0[keyPath: field]) }
    }

    /// `message-rate` is `CHAT_MESSAGE_RATE` in the environment.
    var variable: String { Setting.variable(of: key) }

    static func variable(of key: String) -> String {
        variablePrefix + String(key.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// The value nobody has to write.
    var defaultText: String { show(Configuration()) }

    /// Every variable with this prefix is ours, so that a misspelt one is noticed.
    static let variablePrefix = "CHAT_"

    /// The key that names the file: a flag and a variable, but no line of the file.
    static let fileKey = "config"
    static let fileVariable = variablePrefix + "CONFIG"

    /// The key of Redis's password: a variable, but no flag, which everybody on the machine could
    /// read, and no line of the file, which ends up in a repository.
    static let passwordKey = "redis-password"
    static let passwordVariable = variable(of: passwordKey)

    /// The row of a key.
    static func named(_ key: String) -> Setting? { byKey[key] }

    private static let byKey: [String: Setting] = Dictionary(
        uniqueKeysWithValues: all.map { ($0.key, $0) }
    )
}

/// What is wrong with a value, as the end of a sentence that starts with the value.
struct InvalidValue: Error, Equatable {
    let complaint: String
    /// The value may contain a password: it is not to be shown.
    let isSecret: Bool

    init(_ complaint: String, isSecret: Bool = false) {
        self.complaint = complaint
        self.isSecret = isSecret
    }
}
