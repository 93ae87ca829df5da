import ChatCore
import ChatRedis
import ChatSupport

/// Every value of a configuration with where it came from, as `chatnode config show` prints it.
struct Overview {
    private struct Row {
        let key: String
        let value: String
        let defaultText: String
        /// What stands for the value in the help, with its unit; nil for the password.
        let placeholder: String?
        let source: SettingSource
    }

    private let sections: [(title: String, rows: [Row])]

    init(_ configuration: Configuration) {
        sections = ConfigurationSection.all.map { section in
            var rows = section.settings.map { setting in
                Row(
                    key: setting.key,
                    value: setting.show(configuration),
                    defaultText: setting.defaultText,
                    placeholder: setting.placeholder,
                    source: configuration.source(of: setting.key)
                )
            }
            if section.title == RedisSection.title { rows.append(Self.password(of: configuration)) }
            return (section.title, rows)
        }
    }

    /// The password's row, which says only whether there is one.
    private static func password(of configuration: Configuration) -> Row {
        Row(
            key: Setting.passwordKey,
            value: configuration.redis.password?.description ?? "none",
            defaultText: "none",
            placeholder: nil,
            source: configuration.source(of: Setting.passwordKey)
        )
    }

    /// For people: a title for each section, then a line for each value, in columns.
    var text: String {
        let rows = sections.flatMap(\.rows)
        let keyWidth = rows.map(\.key.count).max() ?? 0
        // A long value does not push the origins of all others out of sight.
        let valueWidth = min(32, rows.map(\.value.printable.count).max() ?? 0)
        return sections.map { section in
            "\(section.title)\n"
                + section.rows.map { row in
                    "  \(row.key.padded(to: keyWidth))  "
                        + "\(row.value.printable.padded(to: valueWidth))  \(row.source)\n"
                }.joined()
        }.joined(separator: "\n")
    }

    /// For programs: one JSON object on one line.
    var json: String {
        let settings = sections.flatMap { section in
            section.rows.map { row in
                JSONObject([
                    ("key", JSONObject.string(row.key)),
                    ("section", JSONObject.string(section.title)),
                    ("value", JSONObject.string(row.value)),
                    ("default", JSONObject.string(row.defaultText)),
                    ("type", row.placeholder.map(JSONObject.string) ?? "null"),
                    ("origin", row.source.json),
                ]).text
            }
        }
        return JSONObject([
            ("version", JSONObject.string(Version.current)),
            ("settings", "[\(settings.joined(separator: ","))]"),
        ]).text + "\n"
    }
}

/// A JSON object whose values are JSON already.
private struct JSONObject {
    let text: String

    init(_ fields: [(name: String, json: String)]) {
        let members = fields.map { "\(Self.string($0.name)):\($0.json)" }
        text = "{\(members.joined(separator: ","))}"
    }

    static func string(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONWriter.append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SettingSource {
    fileprivate var json: String {
        let fields: [(name: String, json: String)] =
            switch self {
            case .standard: []
            case .file(let path, let line):
                [("path", JSONObject.string(path)), ("line", "\(line)")]
            case .environment(let variable): [("variable", JSONObject.string(variable))]
            case .flag(let key): [("flag", JSONObject.string("--\(key)"))]
            }
        return JSONObject([("kind", JSONObject.string(kind))] + fields).text
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
