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

    @Test func `a burst that lets nothing through is refused, unless there is no limit`() throws {
        let error = try configurationError(flags: ["message-burst": "0.9"])
        #expect(error.description.hasPrefix("error: message-burst: 0.9 lets no message through\n"))
        #expect(error.description.contains("message-rate: default"))
        _ = try loadConfiguration(flags: ["message-burst": "1"])
        _ = try loadConfiguration(flags: ["message-burst": "0", "message-rate": "0"])
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

    @Test func `nothing contradicts a value that could not be read`() throws {
        let error = try configurationError(flags: ["pong-timeout": "30s", "ping-interval": "60"])
        #expect(error.problems.count == 1)
        #expect(error.description.hasPrefix("error: ping-interval: “60” has no unit\n"))
    }

    @Test func `the defaults do not contradict each other`() {
        #expect(Configuration().contradictions.isEmpty)
    }
}
