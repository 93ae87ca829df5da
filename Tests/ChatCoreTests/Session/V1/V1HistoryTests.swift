import Testing

@testable import ChatCore

/// How clients of `chat.v1` ask for older messages.
@Suite struct V1HistoryTests {
    private let harness = V1Harness()
    private var node: TestNode { harness.node }

    @Test func `a join may want the newest messages`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join","history":20}"#)
        #expect(node.clients[client].starts == [.init(last: 20)])
    }

    @Test func `older messages are those before a number, and as many as a page has at most`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join"}"#)
        node.says(client, #"{"type":"history","before":17,"limit":5}"#)
        node.says(client, #"{"type":"history","limit":5000}"#)
        node.says(client, #"{"type":"history"}"#)
        let most = Limits.historyPageMessages
        #expect(
            node.clients[client].ranges == [
                .init(before: 17, limit: 5), .init(before: .max, limit: most),
                .init(before: .max, limit: most),
            ]
        )
    }

    @Test func `a room that is not joined is not read`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"history","room":"a","id":7}"#)
        let heard = node.takeHeard(client)
        #expect(heard.first?.hasSuffix(#""code":"not_in_room","room":"a","id":7}"#) == true)
    }

    @Test func `a request waits until the node hears the room`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join","room":"a"}"#)
        node.says(client, #"{"type":"history","room":"a"}"#)
        node.says(client, #"{"type":"ping"}"#)
        #expect(node.clients[client].ranges.isEmpty)
        node.open(harness.room("a"))
        #expect(node.clients[client].ranges.count == 1)
        #expect(node.takeHeard(client).contains(#"{"type":"pong"}"#))
    }

    @Test(arguments: [
        #""history":0"#, #""history":"5""#, #""before":-1"#, #""before":1.5"#, #""limit":0"#,
        #""limit":null"#, #""limit":1,"limit":1"#,
    ])
    func `what is not a number from 1 on is a bad message`(field: String) {
        let client = node.open(.v1)
        node.says(client, #"{"type":"history",\#(field)}"#)
        let heard = node.takeHeard(client)
        #expect(heard.first?.contains(#""code":"bad_message""#) == true)
    }
}
