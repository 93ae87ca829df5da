import Testing

@testable import ChatCore

/// The limits on what a client asks of rooms are those of its node.
@Suite struct RoomLimitTests {
    private func join(_ room: String) -> String { #"{"type":"join","room":"\#(room)"}"# }

    /// Takes back a message that there is not: it is looked for only if the client may.
    private let removal = #"{"type":"remove","seq":7,"mid":"aaaaaaaa.1"}"#

    /// Has a client begin rooms, and returns the answer to the last `join`.
    private func begin(_ numbers: ClosedRange<Int>, by client: Int, on node: TestNode) throws
        -> String
    {
        var last = ""
        for number in numbers {
            node.says(client, join("r\(number)"))
            if node.clients[client].heard.isEmpty { node.open(try RoomName("r\(number)")) }
            last = node.takeHeard(client).first ?? ""
        }
        return last
    }

    @Test func `a client is in as many rooms as its node allows, and the refusal says how many`() {
        let node = TestNode(rooms: RoomLimits(most: 2))
        let client = node.open(.v1)
        for room in ["a", "b"] { node.says(client, join(room)) }
        #expect(node.takeHeard(client) == [])
        node.says(client, join("c"))
        let sentence = "A client is in 2 rooms at most; leave one first"
        #expect(
            node.takeHeard(client) == [
                #"{"type":"error","username":"","value":"\#(sentence)","code":"too_long","room":"c"}"#
            ]
        )
        node.says(client, #"{"type":"leave","room":"a"}"#)
        node.says(client, join("c"))
        #expect(node.takeHeard(client) == [])
    }

    @Test func `a client joins as often as its node allows`() {
        let node = TestNode(rooms: RoomLimits(joinsPerSecond: 0.5, joinBurst: 3))
        let client = node.open(.v1)
        for _ in 1...4 { node.says(client, join("lobby")) }
        let heard = node.takeHeard(client)
        #expect(heard.count == 3 * 2 + 1)
        #expect(
            heard.last?.hasSuffix(#""code":"rate_limited","room":"lobby","retry_ms":2000}"#) == true
        )
    }

    @Test func `a client begins as many rooms as its node allows`() throws {
        let limits = RoomLimits(newRoomsPerMinute: 2, newRoomBurst: 1)
        let node = TestNode(rooms: limits)
        let client = node.open(.v1)
        // That a room is new shows only when it is heard: one more begins.
        #expect(try begin(1...2, by: client, on: node).hasPrefix(#"{"type":"joined","room":"r2""#))
        let refusal = try begin(3...3, by: client, on: node)
        #expect(refusal.hasSuffix(#""code":"rate_limited","room":"r3","retry_ms":30000}"#))
    }

    @Test func `a client takes messages back as often as its node allows`() {
        let harness = V1Harness(
            TestNode(rooms: RoomLimits(removalsPerMinute: 2, removalBurst: 3))
        )
        let ada = harness.ada()
        for _ in 1...4 { harness.node.says(ada, removal) }
        let heard = harness.node.takeHeard(ada)
        #expect(heard.dropLast().allSatisfy { $0.contains(#""code":"not_found""#) })
        #expect(heard.count == 4)
        #expect(heard.last?.hasSuffix(#""code":"rate_limited","retry_ms":30000}"#) == true)
    }

    @Test func `a rate of 0 is no limit, whatever the burst`() throws {
        let limits = RoomLimits(
            joinsPerSecond: 0,
            joinBurst: 0,
            newRoomsPerMinute: 0,
            newRoomBurst: 0,
            removalsPerMinute: 0,
            removalBurst: 0
        )
        let harness = V1Harness(TestNode(rooms: limits))
        let node = harness.node
        let ada = harness.ada()
        for number in 1...64 {
            let answer = try begin(number...number, by: ada, on: node)
            #expect(answer.hasPrefix(#"{"type":"joined","room":"r\#(number)""#))
        }
        for _ in 1...1000 { node.says(ada, join("r1")) }
        #expect(node.takeHeard(ada).count == 2000)
        for _ in 1...100 { node.says(ada, removal) }
        let heard = node.takeHeard(ada)
        #expect(heard.count == 100)
        #expect(heard.allSatisfy { $0.contains(#""code":"not_found""#) })
    }
}
