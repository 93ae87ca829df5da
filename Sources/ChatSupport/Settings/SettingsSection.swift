/// The settings of one subject, declared beside the code that they set up: their values, with the
/// defaults in place, and what each of them means.
///
/// A section knows neither the configuration that it becomes a part of nor the sources of values,
/// so it can live in another target. `ConfigurationSection.all` puts the sections together.
package protocol SettingsSection: Equatable, Sendable {
    /// Makes a section whose settings all have their defaults.
    init()

    /// The section's name in the help and in the configuration file.
    static var title: String { get }

    /// Every setting of the section, in the order of the help.
    static var settings: [SectionSetting<Self>] { get }

    /// Values of this section that are fine alone and do not fit together.
    var contradictions: [Contradiction] { get }
}

extension SettingsSection {
    package var contradictions: [Contradiction] { [] }
}

/// One setting of a section: everything about one value, from which the flag, the variable, the line
/// of the file, the help and the parser are made.
package struct SectionSetting<Section>: Sendable {
    /// The name in the file; the flag is `--key`.
    package let key: String
    /// Stands for the value in the help, and says its unit.
    package let placeholder: String
    /// One sentence for a person who wonders whether to change the value.
    package let meaning: String
    /// Describes a valid value, for the `fix:` line of an error.
    package let expected: String
    /// Whether the file may give a list.
    package let isList: Bool
    /// Why neither the file nor the environment may give the value; nil if they may.
    package let flagOnly: String?
    /// Reads a value into the section.
    package let assign: @Sendable (String, inout Section) throws(InvalidValue) -> Void
    /// Writes the value as a person would.
    package let show: @Sendable (Section) -> String

    package init<Value>(
        _ key: String,
        _ field: any WritableKeyPath<Section, Value> & Sendable,
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
        assign = { (text, section) throws(InvalidValue) in
            section[keyPath: field] = try kind.parse(text)
        }
        show = { kind.show($0[keyPath: field]) }
    }
}

/// Two values that are fine alone and do not fit together.
package struct Contradiction: Equatable {
    /// The setting whose value is complained of.
    package let key: String
    /// The setting whose value it does not fit.
    package let other: String
    /// The end of a sentence that starts with the first key.
    package let complaint: String
    /// What resolves it.
    package let fix: String

    package init(key: String, other: String, complaint: String, fix: String) {
        self.key = key
        self.other = other
        self.complaint = complaint
        self.fix = fix
    }
}
