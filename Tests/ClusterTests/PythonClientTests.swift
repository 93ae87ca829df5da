import Foundation
import TestSupport
import Testing

/// The client of `chat.v1` in `examples/python`, in a cluster behind the balancer.
@Suite struct PythonClientTests {
    /// After how many acknowledged messages of the first client its node is killed, of 300 in all.
    private static let moments = [100, 200]
    /// The script's own bound, and some time for its start.
    private static let patience = Duration.seconds(150)

    @Test func `nothing is lost or doubled when the nodes of clients are killed`() async throws {
        let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
        let balancer = try await TestBalancer.start(nodes: cluster.nodes)
        let script = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "ClientTests/python_cluster.py").path
        let process = try TestProcess(
            "/usr/bin/python3",
            [script, "ws://127.0.0.1:\(balancer.port)/ws"]
        )
        for moment in Self.moments {
            try await eventually("\(moment) messages", within: Self.patience) {
                guard process.isRunning else { throw Unexpected(process.output) }
                return process.output.contains("acknowledged \(moment)\n")
            }
            let label = try #require(Self.node(of: "c0", in: process.output))
            let index = try #require(cluster.nodes.firstIndex { $0.label == label })
            try await cluster.kill(index)
            try await cluster.restart(index)
        }
        try await eventually("the end of the client", within: Self.patience) { !process.isRunning }
        let code = try await process.exitCode()
        #expect(code == 0, "\(process.output)")
        #expect(process.output.contains("everything was said once\n"))
        let logins = process.output.components(separatedBy: "c0 on ").count - 1
        #expect(logins == Self.moments.count + 1, "\(process.output)")
    }

    @Test func `the program of the README loses and doubles nothing when its node is killed`()
        async throws
    {
        let cluster = try await TestCluster.start()
        let balancer = try await TestBalancer.start(nodes: cluster.nodes)
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appending(path: "examples/python")
        let readme = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
        let program = try #require(readme.components(separatedBy: "```py\n").dropFirst().first)
            .components(separatedBy: "```")[0]
            .replacing("127.0.0.1:18080", with: "127.0.0.1:\(balancer.port)")
            .replacing("log_out()\n", with: "log_out()\n    print('left', len(client.outbox))\n")
        #expect(program.split(separator: "\n").count <= 20, "it is meant to be short")
        let process = try TestProcess(
            "/usr/bin/python3",
            ["-B", "-c", program],
            environment: ["PYTHONPATH": folder.path]
        )
        func wait(for message: Int) async throws {
            try await eventually("message \(message)", within: Self.patience) {
                guard process.isRunning else { throw Unexpected(process.output) }
                return process.output.contains("Ada: message \(message)\n")
            }
        }
        try await wait(for: 1)
        let holder = try await cluster.redis.cli("HGET", "chat/name/ada", "node")
        let label = try await cluster.redis.cli("GET", "chat/label/\(holder)")
        try await wait(for: 50)
        try await cluster.kill(try #require(cluster.nodes.firstIndex { $0.label == label }))
        let heardBefore = process.output.split(separator: "\n").filter { $0.contains("Ada: ") }
            .count
        try await eventually("the end of the program", within: Self.patience) { !process.isRunning }
        #expect(try await process.exitCode() == 0, "\(process.output)")
        let lines = process.output.split(separator: "\n")
        // The last ones can be acknowledged before they are heard, so that the program may print them
        // after it has logged out, or end before it prints them.
        #expect(lines.filter { $0.hasPrefix("left ") } == ["left 0"], "\(process.output)")
        let heard = lines.filter { $0.contains("Ada: ") }
        #expect(heard.count > heardBefore)
        #expect(heard == heard.indices.map { "\($0 + 1) Ada: message \($0 + 1)" })
        let reader = try RoomClient(port: balancer.port, room: "tea")
        try reader.join(history: 101)
        // Redis may answer a publisher before the reader's node has the message.
        try reader.hear(upTo: 100)
        #expect(reader.values == (1...100).map { "\"message \($0)\"" }, "\(process.output)")
    }

    /// Returns the node on which a client has logged in last.
    private static func node(of client: String, in output: String) -> String? {
        output.components(separatedBy: "\(client) on ").last
            .map { String($0.prefix { !$0.isNewline }) }
    }
}
