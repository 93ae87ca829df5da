import Testing

@testable import ChatCore

/// The rooms that one client begins: without a bound a single one could fill Redis.
@Suite struct NewRoomTests {
    private let harness = V1Harness()
    private var node: TestNode { harness.node }

    /// Has a client ask for a room that the node does not hear; the node hears it then.
    private func join(_ name: String, by client: Int) -> [String] {
        node.says(client, #"{"type":"join","room":"\#(name)"}"#)
        let told = node.takeHeard(client)
        guard told.isEmpty else { return told }
        node.open(harness.room(name))
        return node.takeHeard(client).map { String($0.prefix(16)) }
    }

    private let joined = [#"{"type":"joined","#.prefix(16), #"{"type":"synced","#.prefix(16)]
        .map(String.init)

    private func refusal(_ room: String, after milliseconds: Int) -> String {
        #""code":"rate_limited","room":"\#(room)","retry_ms":\#(milliseconds)}"#
    }

    @Test func `a client begins ten rooms, and then one every six seconds`() {
        let client = node.open(.v1)
        for number in 1...11 { #expect(join("r\(number)", by: client) == joined) }
        #expect(join("r12", by: client).first?.hasSuffix(refusal("r12", after: 6000)) == true)
        node.now = node.now + .milliseconds(5_999)
        #expect(join("r12", by: client).first?.hasSuffix(refusal("r12", after: 1)) == true)
        node.now = node.now + .milliseconds(1)
        #expect(join("r12", by: client) == joined)
        #expect(join("r13", by: client).first?.hasSuffix(refusal("r13", after: 6000)) == true)
        // Another client has a count of its own.
        #expect(join("r13", by: node.open(.v1)) == joined)
    }

    @Test func `a client that may begin no room joins those that the node hears`() {
        let client = node.open(.v1)
        for number in 1...11 { _ = join("r\(number)", by: client) }
        node.open(harness.room("heard"))
        node.says(client, #"{"type":"join","room":"heard"}"#)
        #expect(node.takeHeard(client).count == 2)
    }

    @Test func `a client that comes back to silent rooms does not begin them`() {
        let client = node.open(.v1)
        var since: [String] = []
        for number in 1...10 {
            #expect(join("r\(number)", by: client) == joined)
            let birth = node.positions[harness.room("r\(number)")]
            since.append(
                #"{"epoch":"\#(birth?.epoch ?? 0)","seq":0,"mid":"\#(birth?.mid.description ?? "")"}"#
            )
        }
        let again = node.open(.v1)
        for round in 1...3 {
            for number in 1...10 {
                let room = harness.room("r\(number)")
                node.close(room)
                node.says(
                    again,
                    #"{"type":"join","room":"r\#(number)","since":\#(since[number - 1])}"#
                )
                #expect(node.takeHeard(again) == [], "round \(round)")
                node.open(room)
                #expect(node.takeHeard(again).map { String($0.prefix(16)) } == joined)
                node.says(again, #"{"type":"leave","room":"r\#(number)"}"#)
            }
        }
    }

    @Test func `a room that has messages is not new`() {
        let ada = harness.ada()
        for number in 1...9 { _ = join("r\(number)", by: ada) }
        let other = harness.ada("Bea")
        for number in 1...9 {
            node.says(other, #"{"type":"chat","room":"r\#(number)","value":1}"#)
        }
        let client = node.open(.v1)
        for number in 1...9 {
            node.close(harness.room("r\(number)"))
            #expect(join("r\(number)", by: client) == joined)
        }
        for number in 10...20 { #expect(join("r\(number)", by: client) == joined) }
        #expect(join("r21", by: client).first?.contains("rate_limited") == true)
    }

    @Test func `a room counts once, for the client that has begun it`() {
        let ada = harness.ada()
        for number in 1...10 {
            #expect(join("r\(number)", by: ada) == joined)
            node.says(ada, #"{"type":"chat","room":"r\#(number)","value":1}"#)
        }
        #expect(join("r11", by: ada) == joined)
        let bea = harness.ada("Bea")
        for number in 12...30 {
            node.open(harness.room("r\(number)"))
            node.says(bea, #"{"type":"join","room":"r\#(number)"}"#)
            node.says(bea, #"{"type":"chat","room":"r\#(number)","value":1}"#)
        }
        _ = node.takeHeard(bea)
        #expect(join("r31", by: bea) == joined)
    }

    @Test func `a room that begins with a message counts, too`() {
        let ada = harness.ada()
        for number in 1...11 {
            node.says(ada, #"{"type":"chat","room":"r\#(number)","value":1}"#)
            node.open(harness.room("r\(number)"))
        }
        #expect(node.takeHeard(ada) == [])
        node.says(ada, #"{"type":"chat","room":"r12","value":1,"n":0}"#)
        node.says(ada, #"{"type":"chat","room":"r12","value":1}"#)
        let told = node.takeHeard(ada)
        #expect(told.last?.hasSuffix(refusal("r12", after: 6000)) == true)
        node.says(ada, #"{"type":"chat","room":"r11","value":1}"#)
        #expect(node.takeHeard(ada) == [])
    }
}
