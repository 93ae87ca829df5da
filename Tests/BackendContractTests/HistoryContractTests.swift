import ChatCore
import TestSupport
import Testing

/// What every backend answers a loop that reads a room's log.
@Suite(.serialized) struct HistoryContractTests {
    @Test(arguments: TestedBackend.allCases)
    func `a loop reads what was delivered, in pages that end where they are to`(
        kind: TestedBackend
    ) async throws {
        try await withNodes(kind.make()) { nodes in
            let node = nodes[0]
            #expect(try await node.claim("anna", by: 1, on: 0) == .granted())
            for number in 0..<40 {
                try await node.on(0) { loop in
                    loop.say("\(number)", by: SocketID(slot: 1, generation: 0))
                }
            }
            try await eventually("all are settled") { node.records[0].now.settled.count == 40 }
            let accepted = node.records[0].now.settled.values.count {
                if case .accepted = $0 { true } else { false }
            }
            try await eventually("all are heard") {
                nodes.flatMap(\.records).allSatisfy { $0.now.delivered.count == accepted }
            }
            let heard = node.records[0].now.delivered
            for other in nodes {
                for index in 0..<2 {
                    let read = try await readAll(other, index, from: heard.last?.seq ?? 0)
                    #expect(read == heard.map(\.mid))
                }
            }
        }
    }

    /// Reads a room's log backwards, and returns the ids in the room's order. A read that a cut has ended
    /// is sent again.
    private func readAll(
        _ node: TestedNode,
        _ index: Int,
        from seq: UInt64
    ) async throws -> [MessageID] {
        var (end, mids) = (seq, [MessageID]())
        while end > 0 {
            let call = HistoryCall(room: .lobby, upTo: end, limit: 7)
            let before = node.records[index].now.pages.count
            var cuts = -1
            try await eventually("a page is read") {
                let now = node.records[index].now
                if now.pages.count > before { return true }
                if now.isConnected, now.disconnects != cuts {
                    cuts = now.disconnects
                    try await node.on(index) { $0.read(call) }
                }
                return false
            }
            guard let page = node.records[index].now.pages.last ?? nil,
                let first = page.entries.first
            else { break }
            mids = page.entries.flatMap { $0.items.map(\.mid) } + mids
            end = first.firstSeq - 1
        }
        return mids
    }
}
