import TestSupport
import Testing

@testable import ChatCore

/// Several nodes and one room whose end is taken away: the one that puts it right may have heard less
/// than others.
@Suite struct RoomEndTests {
    private final class Node {
        var timeline = Timeline(room: .lobby)
        var heard: [MessageID] = []
        var missed = 0
    }

    /// One store, and nodes that hear it at once.
    private final class Bench {
        var store = Store(dataSet: "1", unixSecond: 1_700_000_000, retention: .init(messages: 100))
        let nodes = [Node(), Node(), Node()]
        let epoch: Epoch
        private var random = SplitMix(seed: Seed.value)
        private let producer: ProducerID
        private var said: UInt64 = 0

        init() throws {
            producer = ProducerID(using: &random)
            let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
            guard case .epoch(let epoch, _) = store.openEpoch(call) else { throw NoEpoch() }
            self.epoch = epoch
            for node in nodes {
                run(node) { $0.epochChanged(to: epoch, into: &$1) }
                back(node)
            }
        }

        func cut(_ node: Node) { node.timeline.unsubscribed() }
        func back(_ node: Node) { run(node) { $0.subscribed(into: &$1) } }
        func compare(_ node: Node) { run(node) { $0.compare(into: &$1) } }

        /// Appends a message to the room. Returns its mid.
        @discardableResult
        func say() throws -> MessageID {
            let top = try #require(store.rooms[.lobby]?.top)
            said += 1
            let mid = MessageID(producer: producer, n: said)
            let publication = Publication(
                room: .lobby,
                epoch: epoch.number,
                firstSeq: top.seq + 1,
                prev: top.mid,
                ms: 1,
                items: [.init(mid: mid, body: [])]
            )
            store.rooms[.lobby]?.append(publication, keeping: .init(messages: 100), now: 1)
            for node in nodes { run(node) { $0.receive(publication, into: &$1) } }
            return mid
        }

        private func run(
            _ node: Node,
            _ event: (inout Timeline, inout [Timeline.Effect]) -> Void
        ) {
            var effects: [Timeline.Effect] = []
            event(&node.timeline, &effects)
            for effect in effects {
                switch effect {
                case .deliver(let publication): node.heard += publication.items.map(\.mid)
                case .missed: node.missed += 1
                case .catchUp(let call, let ticket):
                    let answer = store.catchUp(call, birth: ProducerID(using: &random))
                    run(node) { $0.caughtUp(answer, ticket: ticket, into: &$1) }
                case .probe(let ticket): run(node) { $0.probed(ticket: ticket, into: &$1) }
                case .deliverExternal, .redeliver, .reset, .opened, .ignored, .recheckRegistration:
                    break
                }
            }
        }
    }

    private struct NoEpoch: Error {}

    /// Both of two nodes are cut off when a third one hears a message; then the room is gone.
    private func lost() throws -> (Bench, RoomLog?) {
        let bench = try Bench()
        try bench.say()
        let old = bench.store.rooms[.lobby]
        bench.cut(bench.nodes[0])
        bench.cut(bench.nodes[1])
        try bench.say()
        #expect(bench.nodes.map(\.heard.count) == [1, 1, 2])
        bench.store.rooms[.lobby] = nil
        bench.back(bench.nodes[0])
        #expect(bench.nodes.map(\.missed) == [1, 0, 0])
        return (bench, old)
    }

    @Test func `a node that was cut off tells of its loss though another one's end is its own`()
        throws
    {
        let (bench, _) = try lost()
        bench.back(bench.nodes[1])
        #expect(bench.nodes.map(\.missed) == [1, 1, 0])
        // The third one has heard everything: its place counts when it asks.
        bench.compare(bench.nodes[2])
        #expect(bench.nodes.map(\.missed) == [1, 1, 0])
        #expect(bench.store.rooms[.lobby]?.top?.seq == 2)
        let mid = try bench.say()
        #expect(bench.nodes.allSatisfy { $0.heard.last == mid && $0.timeline.isLive })
    }

    @Test func `a node that was cut off tells of its loss though the room has gone on`() throws {
        let (bench, _) = try lost()
        let mid = try bench.say()
        #expect(bench.nodes[0].heard.last == mid)
        bench.back(bench.nodes[1])
        #expect(bench.nodes[1].missed == 1)
        #expect(bench.nodes[1].heard.last == mid)
    }

    @Test(arguments: [false, true])
    func `a node that was cut off tells of its loss though the log has its place again`(
        hasGoneOn: Bool
    ) throws {
        let (bench, old) = try lost()
        let top = bench.store.rooms[.lobby]?.top
        bench.store.rooms[.lobby] = old
        bench.store.rooms[.lobby]?.top = top
        if hasGoneOn { try bench.say() }
        bench.back(bench.nodes[1])
        #expect(bench.nodes[1].missed == 1)
        #expect(bench.nodes[1].timeline.isLive)
    }

    @Test func `a node that has heard everything says nothing, and its message is the end again`()
        throws
    {
        let bench = try Bench()
        let mid = try bench.say()
        bench.cut(bench.nodes[0])
        bench.store.rooms[.lobby] = nil
        bench.back(bench.nodes[0])
        #expect(bench.store.rooms[.lobby]?.top?.mid != mid)
        bench.compare(bench.nodes[1])
        #expect(bench.store.rooms[.lobby]?.top == .init(seq: 1, mid: mid))
        bench.compare(bench.nodes[2])
        bench.compare(bench.nodes[0])
        let next = try bench.say()
        #expect(bench.nodes.allSatisfy { $0.heard == [mid, next] })
        #expect(bench.nodes.map(\.missed) == [1, 0, 0])
    }
}
