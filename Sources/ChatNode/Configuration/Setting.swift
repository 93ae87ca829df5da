import ChatRedis
import ChatSupport

/// One row of the table of all settings: a section's setting as part of the whole configuration.
///
/// The flag, the variable, the line of the file, the help, the reference file and the parser of a
/// value all come from here.
struct Setting: Sendable {
    /// The name in the file; the flag is `--key`.
    let key: String
    /// Stands for the value in the help, and says its unit.
    let placeholder: String
    /// One sentence for a person who wonders whether to change the value.
    let meaning: String
    /// Describes a valid value, for the `fix:` line of an error.
    let expected: String
    /// Whether the file may give a list.
    let isList: Bool
    /// Why neither the file nor the environment may give the value; nil if they may.
    let flagOnly: String?
    /// Reads a value into the configuration.
    let assign: @Sendable (String, inout Configuration) throws(InvalidValue) -> Void
    /// Writes the value as a person would.
    let show: @Sendable (Configuration) -> String

    init<Section: SettingsSection>(
        _ setting: SectionSetting<Section>,
        of section: any WritableKeyPath<Configuration, Section> & Sendable
    ) {
        key = setting.key
        placeholder = setting.placeholder
        meaning = setting.meaning
        expected = setting.expected
        isList = setting.isList
        flagOnly = setting.flagOnly
        assign = { (text, configuration) throws(InvalidValue) in
            try setting.assign(text, &configuration[keyPath: section])
        }
        show = { setting.show($0[keyPath: section]) }
    }

    /// The environment's variable: that of `message-rate` is `CHAT_MESSAGE_RATE`.
    var variable: String { Setting.variable(of: key) }

    static func variable(of key: String) -> String {
        variablePrefix + String(key.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// The value that applies if no source gives one.
    var defaultText: String { show(Configuration()) }

    /// Begins the name of every variable of ours: any other name with it is an error, so that a
    /// misspelt variable is noticed.
    static let variablePrefix = "CHAT_"

    /// The key that names the file: a flag and a variable, but no line of the file.
    static let fileKey = "config"
    static let fileVariable = variablePrefix + "CONFIG"

    /// The key of Redis's password, which is no setting.
    static let passwordKey = RedisSection.passwordKey
    static let passwordVariable = RedisSection.passwordVariable
}
