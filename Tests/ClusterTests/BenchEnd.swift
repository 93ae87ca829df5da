import Foundation
import TestSupport
import Testing

/// How a run of `chatnode bench` has ended.
struct BenchEnd {
    let code: Int
    let output: String

    /// The flags of a node that lets one client send without limits.
    static let unlimited = ["--message-rate", "0", "--byte-rate", "0"]

    /// Runs the load generator as a process, to its end.
    static func bench(_ arguments: [String]) async throws -> BenchEnd {
        let process = try TestProcess(TestProcess.chatnode, ["bench"] + arguments)
        return BenchEnd(code: try await process.exitCode(), output: process.output)
    }

    /// Runs the load generator to its end on a new cluster. What waits behind a call that Redis answers late is
    /// refused, which ends the run: if Redis or a node stood still, it is made again, so that there are three at
    /// most.
    static func bench(
        nodes: Int,
        flags: [String] = [],
        _ arguments: (TestCluster) -> [String]
    ) async throws -> BenchEnd {
        try await inOneOfThreeTries { disturbances in
            let cluster = try await TestCluster.start(nodes: nodes, flags: flags)
            disturbances.watch(cluster.redis)
            disturbances.watch(cluster.nodes)
            let ended = try await bench(arguments(cluster))
            withExtendedLifetime(cluster) {}
            guard ended.isUnavailable else { return ended }
            let found = try ended.object
            for fault in ["doubled", "out_of_order", "seq_breaks"] {
                try requireAlways(found[fault] as? Int == 0, ended.output)
            }
            for fault in ["astray", "undue_acks"] {
                try requireAlways(found[fault] as? Int ?? 0 == 0, ended.output)
            }
            throw Unexpected(ended.output)
        }
    }

    /// Whether messages were refused with `unavailable`, and for no other reason but `resend`, with which a node
    /// refuses those of the same client that come after.
    private var isUnavailable: Bool {
        output.contains(/the server refused messages: (resend \d+×, )?unavailable \d+×;/)
    }

    /// Checks that all messages were heard by all recipients, and returns how many there were.
    func messages(heardBy recipients: Int) throws -> Int {
        let object = try object
        #expect(object["correct"] as? Bool == true)
        let sent = try #require(object["messages_sent"] as? Int)
        #expect(sent > 0)
        #expect(object["messages_heard_by_all"] as? Int == sent)
        #expect(object["deliveries"] as? Int == sent * recipients)
        return sent
    }

    /// The object of `--json`.
    var object: [String: Any] {
        get throws {
            let line = output.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            guard let object = object as? [String: Any] else { throw Unexpected(output) }
            return object
        }
    }
}
