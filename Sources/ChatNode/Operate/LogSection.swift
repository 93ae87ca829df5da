import ChatSupport
import Logging

/// The settings of the log.
struct LogSection: SettingsSection {
    var level = Logger.Level.info
    var format = LogFormat.auto

    static let title = "Log"

    static let settings: [SectionSetting<LogSection>] = [
        SectionSetting(
            "log-level",
            \.level,
            .oneOf(),
            "level",
            "The least important lines to log: trace, debug, info, notice, warning, error or "
                + "critical."
        ),
        SectionSetting(
            "log-format",
            \.format,
            .oneOf(),
            "format",
            "How log lines look: text, json, or auto for text on a terminal and JSON otherwise."
        ),
    ]
}

/// How log lines look.
enum LogFormat: String, CaseIterable, Sendable {
    /// Text on a terminal, JSON otherwise.
    case auto
    case text
    case json
}
