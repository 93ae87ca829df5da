extension Configuration {
    /// Returns the configuration file that `chatnode config init` writes: every setting with its meaning
    /// and its unit, and its default commented out.
    ///
    /// A sentence begins with `# `, a setting with `#` alone, so that a person or a program can
    /// uncomment settings without reading the sentences.
    static func reference() -> String {
        var lines = [
            "# chatnode's settings. Read by: chatnode --config FILE, or CHAT_CONFIG=FILE chatnode.",
            "# Each line shows the default: take the # before it away and write another value.",
            "# A flag (--port) comes before the environment (CHAT_PORT), and that before this file.",
            "# Durations need a unit (ms, s, m, h); bytes may have one (KiB, MiB, GiB).",
            "# `chatnode config check` finds mistakes; `chatnode config show` shows what applies.",
        ]
        for section in ConfigurationSection.all {
            lines += ["", "", "# \(section.title)"]
            for setting in section.settings where setting.flagOnly == nil {
                lines.append("")
                lines += "\(setting.meaning) <\(setting.placeholder)>".wrapped(at: 96)
                    .map { "# \($0)" }
                lines.append("#\(setting.key): \(setting.defaultText)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension String {
    /// The text in lines, broken at spaces.
    fileprivate func wrapped(at width: Int) -> [String] {
        var lines = [""]
        for word in split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
