import TestSupport
import Testing

/// A node that has no descriptor left for another client.
@Suite struct DescriptorTests {
    @Test func `a node out of descriptors serves the clients it has, idles, and accepts again`()
        async throws
    {
        let program = try TestProcess.chatnode
        let process = try TestProcess(
            "/bin/sh",
            ["-c", #"ulimit -n 64; exec "$0" --port 0 --node-id n1"#, program]
        )
        let port = try await TestNodeProcess.port(of: process)
        let ada = try TestWebSocket(port: port)
        try ada.login("Ada")
        // They wait in the listening socket's queue once there are no descriptors left.
        var others = try (0..<120).map { _ in try TestSocket(port: port) }
        let before = try process.processorTime
        let clock = ContinuousClock()
        let began = clock.now
        try ada.chat("1", as: "Ada")
        #expect(try ada.hear().contains(#""value":1"#))
        try await eventually("a second has passed") { clock.now - began > .seconds(1) }
        let share = (try process.processorTime - before) / (clock.now - began)
        #expect(share < 0.2, "of a processor, while nothing could be accepted")
        others.removeAll()
        try await eventually("it accepts again") { (try? TestWebSocket(port: port)) != nil }
    }

    private func run(_ limit: String, _ arguments: String...) async throws
        -> (code: Int, output: String)
    {
        let process = try TestProcess(
            "/bin/sh",
            ["-c", #"ulimit $LIMIT; exec "$0" "$@""#, TestProcess.chatnode] + arguments,
            environment: ["LIMIT": limit]
        )
        return (try await process.exitCode(), process.output)
    }

    @Test(arguments: [8, 12, 14, 16, 24])
    func `a node with too few descriptors for one loop says so, and how to have more`(count: Int)
        async throws
    {
        let (code, output) = try await run("-n \(count)", "--port", "0")
        #expect(code == 71)
        #expect(output.hasPrefix("error: "))
        #expect(output.contains("descriptors"))
        #expect(output.hasSuffix("  fix: ulimit -n 4096      or LimitNOFILE= of its service\n"))
    }

    @Test(arguments: [
        ("-n 1024", "descriptors"), ("-n 1024", "descriptors --redis redis://127.0.0.1:1"),
        // Two gigabytes of addresses: a thread's stack takes eight megabytes of them.
        ("-v 2000000", "threads"), ("-v 2000000", "threads --host localhost"),
    ])
    func `a node with too little room for its loops says how many it has room for`(
        limit: String,
        what: String
    ) async throws {
        let more = what.split(separator: " ").map(String.init)
        let arguments = ["--port", "0", "--loops", "512"] + more.dropFirst()
        let process = try TestProcess(
            "/bin/sh",
            ["-c", #"ulimit $LIMIT; exec "$0" "$@""#, TestProcess.chatnode] + arguments,
            environment: ["LIMIT": limit]
        )
        #expect(try await process.exitCode() == 78)
        let output = process.output
        #expect(output.hasPrefix("error: 512 loops need "))
        #expect(output.contains(more[0]))
        #expect(output.contains("  fix: --loops "))
    }

    @Test func `a load generator with too few descriptors says so, too`() async throws {
        let few = try await run("-n 100", "bench", "idle", "--clients", "10", "--loops", "10")
        #expect(few.code == 71)
        #expect(few.output.hasPrefix("error: 10 clients need 104 descriptors"))
        let tiny = try await run("-n 12", "bench", "idle", "--clients", "1")
        #expect(tiny.code == 71)
        #expect(tiny.output.hasPrefix("error: "))
    }
}
