import ChatSupport

/// One section of the table of all settings.
struct ConfigurationSection: Sendable {
    let title: String
    let settings: [Setting]
    /// Finds the contradictions within the section.
    let contradictions: @Sendable (Configuration) -> [Contradiction]

    private init<Section: SettingsSection>(
        _ section: any WritableKeyPath<Configuration, Section> & Sendable
    ) {
        title = Section.title
        settings = Section.settings.map { Setting($0, of: section) }
        contradictions = { $0[keyPath: section].contradictions }
    }

    /// Every section, in the order of the help and of the reference file.
    static let all = [
        ConfigurationSection(\.listener),
        ConfigurationSection(\.node),
        ConfigurationSection(\.admin),
        ConfigurationSection(\.redis),
        ConfigurationSection(\.client),
        ConfigurationSection(\.room),
        ConfigurationSection(\.log),
    ]
}

extension Setting {
    /// Every setting of every section.
    static let all = ConfigurationSection.all.flatMap(\.settings)

    /// Returns the setting with a key.
    static func named(_ key: String) -> Setting? { byKey[key] }

    // Two settings with one key are a mistake that a test finds.
    private static let byKey = Dictionary(all.map { ($0.key, $0) }) { first, _ in first }
}
