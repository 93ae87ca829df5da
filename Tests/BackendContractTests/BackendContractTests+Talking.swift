import ChatCore
import TestSupport
import Testing

extension BackendContractTests {
    /// Lets four sockets of each loop send messages, and cuts all connections twice meanwhile if
    /// `subject` is given; waits until all are settled, and until all loops were told of those that
    /// were accepted.
    func talk(
        _ nodes: [TestedNode],
        cutting subject: (any BackendUnderTest)? = nil
    ) async throws {
        let records = nodes.flatMap(\.records)
        for (number, node) in nodes.enumerated() {
            for index in node.records.indices {
                for slot in 0..<Int32(4) {
                    let name = "user\(number)\(index)\(slot)"
                    #expect(try await node.claim(name, by: slot, on: index) == .granted())
                }
            }
        }
        var sent: Set<String> = []
        for round in 0..<25 {
            sent.formUnion(try await say(round, nodes))
            guard let subject, round == 8 || round == 16 else { continue }
            // A loop that is not connected now has been cut already.
            let before = records.map(\.now).map {
                $0.isConnected ? $0.disconnects : $0.disconnects - 1
            }
            try await subject.beginCut()
            // Each loop has a call under way whose answer cannot come.
            sent.formUnion(try await say(100 + round, nodes))
            try await eventually("all loops were cut") {
                zip(records, before).allSatisfy { $0.now.disconnects > $1 }
            }
            try await subject.endCut()
            try await eventually("all loops are connected again") {
                records.allSatisfy(\.now.isConnected)
            }
        }
        try await eventually("all messages are settled") {
            records.reduce(0) { $0 + $1.now.settled.count } == sent.count
        }
        try await check(records, sent)
    }

    /// Lets each socket send one message, and returns the texts.
    private func say(_ round: Int, _ nodes: [TestedNode]) async throws -> [String] {
        var sent: [String] = []
        for (number, node) in nodes.enumerated() {
            for index in node.records.indices {
                let texts = (0..<4).map { "\(number) \(index) \($0) \(round)" }
                sent += texts.map { "\"\($0)\"" }
                try await node.on(index) { loop in
                    for (slot, text) in texts.enumerated() {
                        loop.say(text, by: SocketID(slot: Int32(slot), generation: 0))
                    }
                }
            }
        }
        return sent
    }

    private func check(_ records: [LoopRecord], _ sent: Set<String>) async throws {
        var accepted: Set<String> = []
        var open: Set<String> = []
        for (text, settlement) in records.flatMap(\.now.settled) {
            switch settlement {
            case .accepted: accepted.insert(text)
            case .outOfOrder: Issue.record("the node numbers this message")
            case .unknown: open.insert(text)
            case .refused, .notRemoved, .lost: break
            }
        }
        #expect(!accepted.isEmpty)
        try await eventually("all accepted messages are delivered on all loops") {
            records.allSatisfy { accepted.isSubset(of: $0.now.delivered.map(\.text)) }
        }
        for record in records {
            let texts = record.now.delivered.map(\.text)
            #expect(Set(texts).count == texts.count, "a message was delivered twice")
            #expect(Set(texts).subtracting(open) == accepted.subtracting(open))
            #expect(Set(texts).isSubset(of: sent))
        }
    }
}
