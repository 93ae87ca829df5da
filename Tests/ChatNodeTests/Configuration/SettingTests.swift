import Testing

@testable import ChatNode
@testable import ChatSupport

@Suite struct SettingTests {
    @Test func `no two settings share a key, and so no flag or line of the file`() {
        let keys = [Setting.fileKey, Setting.passwordKey] + Setting.all.map(\.key)
        #expect(Set(keys).count == keys.count)
        for key in keys {
            #expect(key.allSatisfy { ("a"..."z").contains($0) || $0 == "-" }, "\(key)")
        }
    }

    @Test func `no two settings share a variable`() {
        let variables =
            [Setting.fileVariable, Setting.passwordVariable] + Setting.all.map(\.variable)
        #expect(Set(variables).count == variables.count)
        #expect(variables.allSatisfy { $0.hasPrefix(Setting.variablePrefix) })
    }

    @Test func `no setting lacks a text`() {
        for setting in Setting.all {
            for text in [setting.meaning, setting.placeholder, setting.expected] {
                #expect(!text.isEmpty, "\(setting.key)")
            }
        }
    }

    @Test(arguments: Setting.all.map(\.key))
    func `what is shown can be written`(key: String) throws {
        let setting = try #require(Setting.named(key))
        var configuration = Configuration()
        try setting.assign(setting.defaultText, &configuration)
        #expect(configuration == Configuration())
    }

    @Test(arguments: Setting.all.map(\.key))
    func `the meaning is one sentence`(key: String) throws {
        let setting = try #require(Setting.named(key))
        #expect(setting.meaning.hasSuffix("."))
        #expect(setting.meaning.first?.isUppercase == true)
        #expect(!setting.meaning.contains(". "))
    }

    @Test func `the variable follows from the key`() {
        #expect(Setting.named("message-rate")?.variable == "CHAT_MESSAGE_RATE")
        #expect(Setting.named("port")?.variable == "CHAT_PORT")
        #expect(Setting.named("nope") == nil)
    }

    @Test func `a refused value changes nothing`() throws {
        let setting = try #require(Setting.named("port"))
        var configuration = Configuration()
        #expect(throws: InvalidValue.self) {
            try configuration.set(setting, to: "x", from: .flag("port"))
        }
        #expect(configuration == Configuration())
    }

    @Test(arguments: [
        ("mesage-rate", "message-rate"), ("message_rate", "message-rate"),
        ("messageRate", "message-rate"), ("MESSAGE_RATE", "message-rate"),
        ("rate-message", nil), ("prot", "port"), ("hots", "host"), ("hist", "host"),
        ("ping", nil), ("pong-timout", "pong-timeout"), ("drain-time", "drain-timeout"),
        ("allowed-origin", "allowed-origins"), ("x", nil), ("", nil), ("redis", "redis"),
        ("log-levle", "log-level"), ("redis-url", nil),
    ])
    func `did you mean`(word: String, meant: String?) {
        #expect(Setting.closest(to: word)?.key == meant)
    }

    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1),
        ("abc", "abd", 1), ("abc", "abcd", 1), ("abcd", "bcd", 1), ("kitten", "sitting", 3),
        ("ca", "abc", 3),
    ])
    func `the edit distance counts insertions, deletions, replacements and swaps`(
        a: String,
        b: String,
        distance: Int
    ) {
        #expect(editDistance(Array(a), Array(b)) == distance)
        #expect(editDistance(Array(b), Array(a)) == distance)
    }
}
