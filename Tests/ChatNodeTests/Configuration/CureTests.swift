import ArgumentParser
import Foundation
import NIOCore
import Testing

@testable import ChatBench
@testable import ChatNode
@testable import ChatRedis

/// What the program says will mend a trouble, taken at its word.
@Suite struct CureTests {
    /// The settings that a text names with a value for each, as a shell would read them; a flag that
    /// stands in a sentence has none. Other programs' flags are left out.
    private func flags(in text: String) throws -> [[String]] {
        let ours = text.replacing(/redis-(server|cli).*?(  |,|$)/, with: "")
        return try ours.matches(of: /--([a-z-]+)(?: ([^ ]+))?/).map { match in
            let key = String(match.1)
            let setting = try #require(Setting.named(key), "there is no --\(key): \(text)")
            guard setting.flagOnly == nil else { return ["--\(key)"] }
            guard let word = match.2?.trimmingCharacters(in: ["'", ",", ":", ")"]),
                word.contains(/[0-9:*]/) || ["none", "null"].contains(word)
            else { return [] }
            // What a person puts something in the place of.
            let value = word.replacing("PORT", with: "9464").replacing(":port", with: ":6379")
            return ["--\(key)", value]
        }
        .filter { !$0.isEmpty }
    }

    /// Follows a cure with the parser of the real command line. How many flags it named.
    private func follow(_ text: String) throws -> Int {
        let named = try flags(in: text)
        for flag in named {
            let values = try ServeFlags.parse(flag).values
            #expect(throws: Never.self, "\(text)") { try loadConfiguration(flags: values) }
        }
        return named.count
    }

    /// One of each kind.
    private static let redisFaults: [RedisFault] = [
        .refused, .unreachable("it is far"), .timedOut, .closed, .notRedis(.said("HTTP/1.1 400")),
        .notRedis(.silent), .notRedis(.hungUp), .tooOld("6.2.1"), .narrow, .sentinel, .clusterMode,
        .noAuth, .wrongPassword, .passwordUnwanted, .noPermission("NOPERM x"), .protectedMode,
        .readOnly, .outOfMemory, .loading, .misconf, .busy, .maxClients, .noScript,
        .wrongType("WRONGTYPE x"),
        .other("ERR odd"),
    ]

    @Test func `what mends trouble with Redis is what the settings take`() throws {
        var count = 0
        for fault in Self.redisFaults {
            for host in ["127.0.0.1", "::1", "redis.example"] {
                count += try follow(RedisTrouble(fault, RedisAddress(host: host)).fix)
            }
        }
        #expect(count > 0)
    }

    @Test func `what mends trouble with the operators' address is what the settings take`() throws {
        for trouble in AdminSocketTests.troubles {
            #expect(try follow(trouble.description) == 3)
        }
    }

    @Test(arguments: [1, 4567, 9463, 9464, 65533, 65534, 65535])
    func `a port that is taken is told with another one, which is not the operators'`(port: Int)
        throws
    {
        for admin in ["none", "http://127.0.0.1:9464", "http://127.0.0.1:65534"] {
            let given = ["port": "\(port)", "admin": admin]
            guard let configuration = try? loadConfiguration(flags: given) else { continue }
            let taken = IOError(errnoCode: EADDRINUSE, reason: "bind")
            let text = StartTrouble(taken, configuration).description
            let flag = try #require(flags(in: text).last)
            let other = try ServeFlags.parse(flag).values
            #expect(other["port"] != nil && other["port"] != "\(port)")
            #expect(throws: Never.self, "\(text)") {
                try loadConfiguration(flags: given.merging(other) { $1 })
            }
        }
    }

    @Test(arguments: [EACCES, EADDRNOTAVAIL])
    func `what mends a start is what the settings take`(number: CInt) throws {
        let error = IOError(errnoCode: number, reason: "bind")
        #expect(try follow(StartTrouble(error, Configuration()).description) == 1)
    }

    @Test(arguments: Setting.all.map(\.key))
    func `every example of a value is one`(key: String) throws {
        let setting = try #require(Setting.named(key))
        guard setting.flagOnly == nil else {
            #expect(try follow(setting.expected) == 1)
            return
        }
        let beginning = setting.expected.firstMatch(of: #/such as |one of |, or /#)
        let examples = setting.expected[
            (beginning?.range.upperBound ?? setting.expected.endIndex)...
        ]
        .split(separator: #/, or |, | or /#)
        .compactMap { $0.split(separator: " ").first?.trimmingCharacters(in: ["\""]) }
        for example in examples {
            #expect(throws: Never.self, "\(example)") {
                var configuration = Configuration()
                try setting.assign(example, &configuration)
            }
        }
        // One alone is told by its rule.
        #expect(!examples.isEmpty || key == "redis-prefix")
    }

    @Test(arguments: Setting.all.map(\.key) + [Setting.passwordKey, Setting.fileKey])
    func `a hint at another spelling leads to one that is taken there`(key: String) throws {
        for wrong in [String(key.dropLast()), key + "x", String(key.dropFirst())] {
            let error = try configurationError(file: "\(wrong): 1")
            if let hint = error.description.firstMatch(of: /did you mean `([a-z-]+)`/)?.1 {
                let value = try #require(otherSettingValues[String(hint)]?.first, "\(hint)")
                _ = try loadConfiguration(file: "\(hint): \"\(value)\"")
            }
            let variable = Setting.variable(of: wrong)
            let second = try configurationError(environment: [variable: "1"])
            if let hint = second.description.firstMatch(of: /did you mean `(CHAT_[A-Z_]+)`/)?.1 {
                let key = hint.dropFirst(5).lowercased().replacing("_", with: "-")
                let value = key == Setting.passwordKey ? "x" : otherSettingValues[key]?.first
                _ = try loadConfiguration(
                    environment: [String(hint): try #require(value, "\(hint)")]
                )
            }
        }
    }

    @Test(arguments: ["allowed-origins: *", "allowed-origins:\n  - *", "allowed-origins: [*]"])
    func `a star without quotes is mended by quotes`(file: String) throws {
        let error = try configurationError(file: file)
        #expect(error.description.hasSuffix("fix: put the * in quotes: \"*\""))
        let mended = file.replacing("*", with: "\"*\"")
        #expect(try loadConfiguration(file: mended).listener.allowedOrigins == ["*"])
    }

    /// Every flag that stands in a text of the program, wherever it is said.
    @Test func `every flag that is named anywhere is one`() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Sources/ChatNode").standardized
        let files = try #require(FileManager.default.enumerator(atPath: sources.path))
        let known = [
            Serve.helpMessage(), BenchFanOut.helpMessage(), BenchConnect.helpMessage(),
            BenchIdle.helpMessage(), BenchChurn.helpMessage(), ChatNode.helpMessage(),
            Remove.helpMessage(), ConfigShow.helpMessage(), ConfigInit.helpMessage(),
            ConfigCheck.helpMessage(),
        ].joined()
        // Of Redis's programs, of curl and of ours.
        let others = ["daemonize", "latency", "unix-socket", "redis-password", "help"]
        var count = 0
        for case let file as String in files where file.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
            for line in text.split(separator: "\n") where !line.contains(/^ *\/\//) {
                for match in line.matches(of: /--([a-z][a-z-]+)/)
                where !others.contains(String(match.1)) {
                    count += 1
                    #expect(known.contains("--\(match.1)"), "\(file): \(line)")
                }
            }
        }
        #expect(count > 10)
    }
}
