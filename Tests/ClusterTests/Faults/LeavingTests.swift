import ChatCore
import Foundation
import TestSupport
import Testing

extension Faults {
    /// A node that is told to stop.
    @Suite struct LeavingTests {
        @Test func `a node that leaves says so, and its names are free at once`() async throws {
            let cluster = try await TestCluster.start(flags: ["--message-rate", "0"])
            let took = try await cluster.onThread { nodes in
                let people = (1...10).map { "person-\($0)" }
                let clients = try people.map { try nodes[0].connect($0) }
                let others = try Conversation(on: nodes[1...])
                nodes[0].process.signal(SIGTERM)
                let codes = try clients.map { client in
                    defer { client.socket.close() }
                    return try client.hearClose().closeCode
                }
                try require(Set(codes) == [1012], "\(codes)")
                let heirs = try people.indices.map { try nodes[1 + $0 % 2].connect() }
                // One call of the leaving node, which may be on its way, and two seconds for a busy machine:
                // sooner than the names of a node that has died are free.
                let patience = Limits.redisCommandTimeout + .seconds(2)
                let took = try timeUntil("all are free", within: patience) {
                    try others.goOn()
                    return try zip(heirs, people).allSatisfy { try $0.attempt($1) == nil }
                }
                try others.goOn()
                return took
            }
            print("a leaving node's names were free after \(took)")
            #expect(try await cluster.nodes[0].process.exitCode() == 0)
            #expect(cluster.nodes[0].process.output.contains("10 closed cleanly, 0 forced"))
        }

        @Test(arguments: [SIGSTOP, SIGKILL])
        func `a node leaves in time also without Redis`(signal: CInt) async throws {
            let cluster = try await TestCluster.start(flags: ["--drain-timeout", "2s"])
            let node = cluster.nodes[0].process
            let redis = cluster.redis.process
            let clock = ContinuousClock()
            let began = try await cluster.onThread { nodes in
                let ada = try nodes[0].connect("Ada")
                redis.signal(signal)
                // A message that the node cannot settle any more.
                try ada.chat("1", as: "Ada")
                let began = clock.now
                node.signal(SIGTERM)
                let code = try ada.hearClose().closeCode
                try require(code == 1012, "closed with \(code ?? 0)")
                return began
            }
            #expect(try await node.exitCode() == 0, "\(node.output)")
            let took = clock.now - began
            print("without Redis (signal \(signal)), a node left after \(took)")
            // The drain timeout, and what stopping takes on a busy machine: sooner than a lease is over.
            #expect(took < .seconds(2) + Limits.lease)
        }
    }
}
