import Logging
import Testing

@testable import ChatNode

@Suite struct LoadTests {
    @Test func `nothing said gives the defaults`() throws {
        #expect(try loadConfiguration() == Configuration())
    }

    /// Those that every source may give.
    private static let keys = Setting.all.filter { $0.flagOnly == nil }.map(\.key)

    @Test func `every setting has other values to try`() {
        #expect(Set(otherSettingValues.keys) == Set(Self.keys))
    }

    @Test(arguments: keys)
    func
        `a flag overrides the environment, which overrides the file, which overrides the default`(
            key: String
        ) throws
    {
        let setting = try #require(Setting.named(key))
        let values = try #require(otherSettingValues[key])
        #expect(!values.contains(setting.defaultText))
        let file = "# a comment\n\(key): \"\(values[0])\"\n"
        let environment = [setting.variable: values[1]]
        let flags = [key: values[2]]

        let inFile = try loadConfiguration(file: file)
        #expect(setting.show(inFile) == values[0])
        #expect(inFile.source(of: key) == .file(path: "chat.yaml", line: 2))

        let inEnvironment = try loadConfiguration(environment: environment, file: file)
        #expect(setting.show(inEnvironment) == values[1])
        #expect(inEnvironment.source(of: key) == .environment(variable: setting.variable))

        let onCommandLine = try loadConfiguration(
            flags: flags,
            environment: environment,
            file: file
        )
        #expect(setting.show(onCommandLine) == values[2])
        #expect(onCommandLine.source(of: key) == .flag(key))

        for other in Setting.all where other.key != key {
            #expect(other.show(onCommandLine) == other.defaultText)
            #expect(onCommandLine.source(of: other.key) == .standard)
        }
    }

    @Test func `typed values arrive in their fields`() throws {
        let configuration = try loadConfiguration(
            environment: ["CHAT_MESSAGE_RATE": "0.5", "CHAT_NODE_ID": "n1", "CHAT_LOOPS": "3"],
            file: """
                port: 80
                byte-burst: 1MiB
                message-size: 2KiB
                allowed-origins:
                  - https://A.example:443
                  - http://b.example:8080
                reserved-names: [root, boss]
                ping-interval: 2m
                drain-delay: 1500ms
                log-level: debug
                log-format: json
                max-connections: 10
                """
        )
        #expect(configuration.listener.port == 80)
        #expect(configuration.client.messageRate == 0.5)
        #expect(configuration.node.id == "n1")
        #expect(configuration.node.loops == 3)
        #expect(configuration.client.byteBurst == 1_048_576)
        #expect(configuration.client.messageSize == 2048)
        #expect(
            configuration.listener.allowedOrigins == [
                "https://A.example:443", "http://b.example:8080",
            ]
        )
        #expect(configuration.room.reservedNames == ["root", "boss"])
        #expect(configuration.client.pingInterval == .seconds(120))
        #expect(configuration.node.drainDelay == .milliseconds(1500))
        #expect(configuration.log.level == .debug)
        #expect(configuration.log.format == .json)
        #expect(configuration.listener.maxConnections == 10)
    }

    @Test func `auto and 0 leave the choice to the node`() throws {
        let configuration = try loadConfiguration(
            flags: ["node-id": "auto", "loops": "auto", "max-connections": "0"])
        #expect(configuration.node.id == nil)
        #expect(configuration.node.loops == nil)
        #expect(configuration.listener.maxConnections == nil)
        #expect(configuration.source(of: "loops") == .flag("loops"))
    }

    @Test func `the file can be named in the environment, and a flag comes first`() throws {
        var asked: [String] = []
        for flags in [[:], ["config": "b.yaml"]] {
            _ = try Configuration.load(flags: flags, environment: ["CHAT_CONFIG": "a.yaml"]) {
                asked.append($0)
                return "port: 1"
            }
        }
        #expect(asked == ["a.yaml", "b.yaml"])
    }

    @Test func `without a file nothing is read`() throws {
        _ = try Configuration.load(flags: [:], environment: ["PATH": "/bin", "CHATTY": "1"]) { _ in
            Issue.record("read a file")
            return ""
        }
    }

    @Test(arguments: ["", "\n", "# nothing\n", "---\n", "~", "{}"])
    func `an empty file changes nothing`(file: String) throws {
        #expect(try loadConfiguration(file: file) == Configuration())
    }
}
