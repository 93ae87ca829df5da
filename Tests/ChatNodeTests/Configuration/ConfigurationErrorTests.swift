import ChatRedis
import Testing

@testable import ChatNode
@testable import ChatSupport

@Suite struct ConfigurationErrorTests {
    @Test func `a value that cannot be read says what, where and what instead`() throws {
        let error = try configurationError(environment: ["CHAT_MESSAGE_RATE": "abc"])
        #expect(
            error.description == """
                error: message-rate: “abc” is not a number of messages per second
                  from: environment CHAT_MESSAGE_RATE
                  fix: a number such as 20, or 0 for no limit
                """
        )
        #expect(error.exitCode == 78)
    }

    @Test(arguments: wrongSettingValues)
    func `a wrong value is refused`(key: String, value: String, complaint: String) throws {
        let setting = try #require(Setting.named(key))
        let error = try configurationError(flags: [key: value])
        #expect(
            error.problems == [
                .invalid(
                    key: key,
                    value: value,
                    complaint: complaint,
                    expected: setting.expected,
                    at: .flag(key)
                )
            ]
        )
        #expect(error.description.hasPrefix("error: \(key): “\(value)” \(complaint)\n"))
    }

    @Test func `an unknown key names its line and the one that was meant`() throws {
        let error = try configurationError(file: "port: 80\nmesage_rate: 5\n")
        #expect(
            error.description == """
                error: mesage_rate: there is no such setting
                  from: chat.yaml:2
                  fix: did you mean `message-rate`?
                """
        )
    }

    @Test func `an unknown key like nothing we have points to the list`() throws {
        let error = try configurationError(file: "colour: red")
        #expect(error.description.contains("fix: take it out; `chatnode serve --help` lists"))
    }

    @Test func `an unknown variable is an error that names the one that was meant`() throws {
        let error = try configurationError(environment: ["CHAT_MESSAGERATE": "5"])
        #expect(
            error.description == """
                error: CHAT_MESSAGERATE: there is no such setting
                  from: environment CHAT_MESSAGERATE
                  fix: did you mean `CHAT_MESSAGE_RATE`?
                """
        )
    }

    @Test func `variables of a Kubernetes service named chat are recognised`() throws {
        let error = try configurationError(environment: [
            "CHAT_PORT_4567_TCP": "tcp://10.0.0.1:4567", "CHAT_SERVICE_HOST": "10.0.0.1",
        ])
        #expect(error.problems.count == 2)
        #expect(error.description.split(separator: "enableServiceLinks: false").count == 3)
    }

    @Test(arguments: [
        ("port:", "has no value"),
        ("port: ~", "has no value"),
        ("port: null", "has no value"),
        ("reserved-names:", "has no value"),
        ("port: [80]", "is a list"),
        ("port:\n  number: 80", "has something nested below it"),
        ("reserved-names: {a: b}", "has something nested below it"),
        ("reserved-names: [[a]]", "has something nested below it"),
        ("reserved-names: [a, ]\nport: [", nil),
    ])
    func `what is no single value is refused`(file: String, complaint: String?) throws {
        let error = try configurationError(file: file)
        guard let complaint else { return }
        let key = String(file.prefix { $0 != ":" })
        #expect(error.description.hasPrefix("error: \(key): \(complaint)\n  from: chat.yaml:1\n"))
    }

    @Test func `an empty quoted text is a value, and a wrong one`() throws {
        let error = try configurationError(file: "port: \"\"")
        #expect(error.description.hasPrefix("error: port: “” is not a whole number"))
    }

    @Test func `a key said twice is refused`() throws {
        let error = try configurationError(file: "loops: 1\nport: 80\nport: 81\n")
        #expect(
            error.problems == [.duplicates(keys: ["port"], at: .file(path: "chat.yaml", line: 2))]
        )
        #expect(
            error.description.hasPrefix("error: port: set more than once\n  from: chat.yaml:2\n")
        )
    }

    @Test(arguments: [
        ("port: 80\nhost: [a", 2...3, "write one `key: value` on each line"),
        ("port: 80\n\u{1}: 2\n", 2...2, "write one `key: value` on each line"),
        ("just words", 1...1, "write one `key: value` on each line"),
        ("- a\n- b", 1...1, "write one `key: value` on each line"),
        ("port: 80\n--- \nport: 81\n", 2...2, "write one `key: value` on each line"),
        ("port: 80\nallowed-origins: *\n", 2...2, "put the * in quotes: \"*\""),
    ])
    func `a file that is not a mapping is refused with its line`(
        file: String,
        lines: ClosedRange<Int>,
        fix: String
    ) throws {
        let error = try configurationError(file: file)
        #expect(error.problems.count == 1)
        guard
            case .malformed("chat.yaml", _, let mending, .file("chat.yaml", let line)) =
                error.problems.first
        else {
            Issue.record("\(error)")
            return
        }
        #expect(lines.contains(line), "\(error)")
        #expect(mending == fix)
        #expect(error.description.hasPrefix("error: chat.yaml is not valid: "))
        #expect(error.description.split(separator: "\n").count == 3)
        #expect(error.exitCode == 78)
    }

    @Test func `nesting without end is refused and does no harm`() throws {
        let depth = 100_000
        _ = try configurationError(file: "port: " + String(repeating: "[", count: depth))
        _ = try configurationError(file: "port: " + String(repeating: "{a: ", count: depth))
    }

    @Test func `a file that cannot be read names its path and who asked for it`() throws {
        let error = try configurationError(flags: ["config": "other.yaml"])
        #expect(
            error.description == """
                error: cannot read other.yaml: no such file or directory
                  from: flag --config
                  fix: check the path and its permissions, or start without a file
                """
        )
        #expect(error.exitCode == 78)
        #expect(
            try configurationError(environment: ["CHAT_CONFIG": ""]).description
                .contains("from: environment CHAT_CONFIG")
        )
    }

    @Test func `everything that is wrong is said in one go`() throws {
        let error = try configurationError(
            flags: ["port": "x", "host": ""],
            environment: ["CHAT_PORT": "y", "CHAT_NOPE": "1"],
            file: "port: z\nnope: 1\nlog-level: loud\n"
        )
        #expect(error.problems.count == 7)
        #expect(error.description.split(separator: "\n").count == 21)
        for word in ["“x”", "“y”", "“z”", "“loud”", "CHAT_NOPE", "nope", "host"] {
            #expect(error.description.contains(word))
        }
        #expect(error.exitCode == 78)
    }

    @Test func `a wrong value is said also where another one overrides it`() throws {
        let error = try configurationError(flags: ["port": "80"], file: "port: z")
        #expect(error.problems.count == 1)
    }

    @Test func `only flags to blame ends with 64`() throws {
        #expect(try configurationError(flags: ["port": "x"]).exitCode == 64)
        #expect(try configurationError(flags: ["pong-timeout": "30s"]).exitCode == 64)
        #expect(
            try configurationError(flags: ["pong-timeout": "30s"], file: "port: x").exitCode == 78
        )
        #expect(
            try configurationError(flags: ["pong-timeout": "30s"], file: "ping-interval: 29s")
                .exitCode == 78
        )
    }

    @Test func `what comes from outside cannot reach the terminal as it is`() throws {
        let error = try configurationError(
            flags: [
                "host": "\u{1B}[2J\u{202E}\n\u{9B}31m", "port": String(repeating: "1", count: 500),
            ],
            environment: ["CHAT_\u{1B}": "x"],
            file: "\"\\e]0;x\\a\": 1\n"
        )
        #expect(
            error.description.unicodeScalars.allSatisfy { $0 == "\n" || !$0.isUnprintable }
        )
        #expect(error.description.contains(#"“\u{1b}[2J\u{202e}\u{a}\u{9b}31m”"#))
        #expect(error.description.split(separator: "\n").allSatisfy { $0.count < 160 })
    }
}
