import TestSupport
import Testing

/// A node that has no descriptor left for another client.
@Suite struct DescriptorTests {
    @Test func `out of descriptors it serves those it has, idles, and accepts again`()
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
}
