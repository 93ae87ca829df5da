import Testing

@testable import ChatNode

@Suite struct ContradictionTests {
    @Test func `waiting for a pong for as long as until the next ping is refused`() throws {
        let error = try configurationError(
            flags: ["pong-timeout": "25s"],
            environment: ["CHAT_PING_INTERVAL": "25s"]
        )
        #expect(
            error.description == """
                error: pong-timeout: 25s is not below ping-interval, 25s
                  from: pong-timeout: flag --pong-timeout, ping-interval: environment CHAT_PING_INTERVAL
                  fix: a pong-timeout below 25s, or a longer ping-interval
                """
        )
        #expect(error.exitCode == 78)
        _ = try loadConfiguration(flags: ["pong-timeout": "24999ms"])
    }

    @Test(arguments: [("message", "message"), ("new-room", "room"), ("removal", "removal")])
    func `a burst of less than one thing is refused, unless there is no limit`(
        stem: String,
        thing: String
    ) throws {
        let error = try configurationError(flags: ["\(stem)-burst": "0.9"])
        #expect(
            error.description == """
                error: \(stem)-burst: 0.9 is less than one \(thing)
                  from: \(stem)-burst: flag --\(stem)-burst, \(stem)-rate: default
                  fix: a \(stem)-burst of 1 or more, or \(stem)-rate 0 for no limit
                """
        )
        _ = try loadConfiguration(flags: ["\(stem)-burst": "1"])
        _ = try loadConfiguration(flags: ["\(stem)-burst": "0", "\(stem)-rate": "0"])
    }

    @Test func `a history of fewer bytes than one message is refused, unless none is kept`() throws
    {
        let flags = ["history-bytes": "16383"]
        let error = try configurationError(flags: flags)
        #expect(
            error.description == """
                error: history-bytes: 16383 is less than one message of message-size, 16KiB
                  from: history-bytes: flag --history-bytes, message-size: default
                  fix: a history-bytes of 16KiB or more, or a smaller message-size
                """
        )
        _ = try loadConfiguration(flags: ["history-bytes": "16KiB"])
        _ = try loadConfiguration(flags: flags.merging(["message-size": "1KiB"]) { $1 })
        _ = try loadConfiguration(flags: flags.merging(["history": "0"]) { $1 })
        _ = try loadConfiguration(flags: ["message-size": "1MiB", "byte-burst": "1MiB"])
    }

    @Test func `a burst of joins below the rooms of a client is refused, unless there is no limit`()
        throws
    {
        let error = try configurationError(flags: ["join-burst": "63"])
        #expect(
            error.description.hasPrefix(
                "error: join-burst: 63 is less than rooms-per-client, 64: a client that comes back joins "
                    + "all its rooms at once\n"
            )
        )
        _ = try loadConfiguration(flags: ["join-burst": "63", "join-rate": "0"])
        _ = try loadConfiguration(flags: ["join-burst": "63", "rooms-per-client": "63"])
    }

    @Test func `a burst of bytes below one message is refused, unless there is no limit`() throws {
        let flags = ["message-size": "1MiB", "byte-burst": "1048575"]
        let error = try configurationError(flags: flags)
        #expect(
            error.description.hasPrefix(
                "error: byte-burst: 1048575 is less than one message of message-size, 1MiB\n"
            )
        )
        _ = try loadConfiguration(flags: ["message-size": "1MiB", "byte-burst": "1MiB"])
        _ = try loadConfiguration(flags: flags.merging(["byte-rate": "0"]) { $1 })
    }

    @Test(arguments: [
        ("25s", "30s"), ("250ms", "250ms"), ("250ms", "24h"), ("24h", "24h"), ("251ms", "251ms"),
    ])
    func `a way out of waiting too long for a pong is one that the settings take`(
        interval: String,
        timeout: String
    ) throws {
        let flags = ["ping-interval": interval, "pong-timeout": timeout]
        let fix = try configurationError(flags: flags).description
        var ways = 0
        if fix.contains("a pong-timeout below") {
            ways += 1
            _ = try loadConfiguration(flags: flags.merging(["pong-timeout": "250ms"]) { $1 })
        }
        if fix.contains("a longer ping-interval"), timeout != "24h" {
            ways += 1
            _ = try loadConfiguration(flags: flags.merging(["ping-interval": "24h"]) { $1 })
        } else if fix.contains(", or a longer ping-interval") {
            Issue.record("there is no longer one: \(fix)")
        }
        #expect(ways > 0 || (interval, timeout) == ("250ms", "24h"))
    }

    @Test(arguments: ["0", "1023", "16383"])
    func `a way out of a small burst of bytes is one that the settings take`(burst: String) throws {
        let flags = ["byte-burst": burst]
        let fix = try configurationError(flags: flags).description
        #expect(fix.hasSuffix("fix: a byte-burst of 16KiB or more, or byte-rate 0 for no limit"))
        _ = try loadConfiguration(flags: ["byte-burst": "16KiB"])
        _ = try loadConfiguration(flags: flags.merging(["byte-rate": "0"]) { $1 })
    }

    @Test func `nothing contradicts a value that could not be read`() throws {
        let error = try configurationError(flags: ["pong-timeout": "30s", "ping-interval": "60"])
        #expect(error.problems.count == 1)
        #expect(error.description.hasPrefix("error: ping-interval: “60” has no unit\n"))
    }

    @Test func `the defaults do not contradict each other`() {
        #expect(Configuration().contradictions.isEmpty)
    }
}
