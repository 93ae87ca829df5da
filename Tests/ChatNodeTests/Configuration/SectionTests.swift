import ChatRedis
import Testing

@testable import ChatNode
@testable import ChatSupport

/// The sections of settings, and the table that is made of them.
@Suite struct SectionTests {
    /// The sections that a configuration has as fields.
    private var sections: [any SettingsSection] {
        Mirror(reflecting: Configuration()).children.compactMap { $0.value as? any SettingsSection }
    }

    private func keys<Section: SettingsSection>(of section: Section) -> [String] {
        Section.settings.map(\.key)
    }

    @Test func `every section of a configuration is in the table with all of its settings`() {
        let titles = sections.map { type(of: $0).title }
        #expect(titles == ConfigurationSection.all.map(\.title))
        #expect(Set(titles).count == titles.count)
        for (section, entry) in zip(sections, ConfigurationSection.all) {
            #expect(keys(of: section) == entry.settings.map(\.key))
        }
        #expect(sections.flatMap { keys(of: $0) } == Setting.all.map(\.key))
    }

    @Test func `a configuration is sections and the record of where values come from`() {
        let fields = Mirror(reflecting: Configuration()).children.compactMap(\.label)
        #expect(fields.count - sections.count == 1)
        #expect(fields.contains("sources"))
    }

    /// Fields that no setting gives, by their section.
    private let withoutSetting = [
        AdminSection.title: ["runtimeFolder"], RedisSection.title: ["password"],
    ]

    @Test func `every field of a section has a setting`() {
        for section in sections {
            let title = type(of: section).title
            let none = withoutSetting[title] ?? []
            let fields = Mirror(reflecting: section).children.compactMap(\.label)
                .filter { !none.contains($0) }
            // That each of them sets a field of its own is for `LoadTests` to show.
            #expect(fields.count == keys(of: section).count, "\(title): \(fields)")
        }
    }

    @Test func `every section has contradictions looked for`() throws {
        let wrong = [
            "pong-timeout": "1h", "message-burst": "0", "byte-burst": "1", "admin": "0.0.0.0:80",
            "host": "0.0.0.0", "port": "80", "redis-password-file": "a",
        ]
        let error = try configurationError(
            flags: wrong,
            environment: ["CHAT_REDIS_PASSWORD": "x"]
        )
        let keys = error.problems.map { problem -> String in
            guard case .contradiction(let key, _, _, _, _) = problem else { return "\(problem)" }
            return key
        }
        #expect(
            keys == ["redis-password-file", "pong-timeout", "message-burst", "byte-burst", "admin"]
        )
    }
}
