extension Configuration {
    /// The default configuration file: every setting with what it means, so that it is the manual.
    static func reference() -> String {
        var lines = [
            "# chatnode's settings with their defaults; chatnode serve --config FILE reads them.",
            "# A flag (--port) comes before the environment (CHAT_PORT), and that before this file.",
            "# Durations need a unit (ms, s, m, h); bytes may have one (KiB, MiB, GiB).",
        ]
        for setting in Setting.all where setting.flagOnly == nil {
            lines.append("")
            lines += "\(setting.meaning) <\(setting.placeholder)>".wrapped(at: 96).map { "# \($0)" }
            lines.append("\(setting.key): \(setting.defaultText)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Every setting with its value and where it came from, one a line.
    func overview() -> String {
        let rows = Setting.all.map {
            (key: $0.key, value: $0.show(self), source: "\(source(of: $0.key))")
        }
        let keyWidth = rows.map(\.key.count).max() ?? 0
        let valueWidth = rows.map(\.value.count).max() ?? 0
        return rows.map { key, value, source in
            "\(key.padded(to: keyWidth))  \(value.padded(to: valueWidth))  \(source)\n"
        }.joined()
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// Broken at spaces.
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
