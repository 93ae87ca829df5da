import Foundation
import TestSupport
import Testing

/// The client of `chat.v1` in `examples/ruby`, in a cluster behind the balancer.
@Suite struct RubyClientTests {
    /// How many lines the client says: some seconds for each node at its 20 messages a second, and as long for
    /// a node that is slow to start.
    private static let lines = 400
    /// After how many lines each of the three nodes is killed; the client is on one of them.
    private static let moments = [50, 90, 130]
    /// The longest wait before a new connection, 20 s, a few times, and the talking.
    private static let patience = Duration.seconds(150)

    @Test func `each line is said once and in order while the nodes are killed`() async throws {
        let cluster = try await TestCluster.start()
        let balancer = try await TestBalancer.start(nodes: cluster.nodes)
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let url = "ws://127.0.0.1:\(balancer.port)/ws"
        let talk = "ruby '\(root.path)/examples/ruby/talk.rb' Ada tea \(url)"
        let process = try TestProcess("/bin/sh", ["-c", "seq \(Self.lines) | \(talk)"])
        for (index, moment) in Self.moments.enumerated() {
            try await eventually("\(moment) lines", within: Self.patience) {
                guard process.isRunning else { throw Unexpected(process.output) }
                return process.output.contains("Ada: \(moment)\n")
            }
            try await cluster.kill(index)
            try await cluster.restart(index)
        }
        try await eventually("the end of the client", within: Self.patience) { !process.isRunning }
        let code = try await process.exitCode()
        #expect(code == 0, "\(process.output)")
        let reader = try RoomClient(port: balancer.port, room: "tea")
        try reader.join(history: Self.lines + 1)
        // Redis may answer a publisher before the reader's node has the message.
        try reader.hear(upTo: Self.lines)
        #expect(reader.values == (1...Self.lines).map { "\"\($0)\"" }, "\(process.output)")
        // The last ones can be acknowledged before they are heard, and then the client has ended.
        let heard = process.output.split(separator: "\n").filter { $0.hasPrefix("Ada: ") }
        #expect(heard == (1...heard.count).map { "Ada: \($0)" })
    }
}
