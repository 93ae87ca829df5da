import Testing

@testable import ChatCore

/// Tests the vocabulary of `chat.v1`, message by message and rule by rule.
@Suite struct V1SessionTests {
    private let harness = V1Harness()
    private var node: TestNode { harness.node }

    // MARK: login and logout

    @Test func `a login needs a name, and every other request may leave it out`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"login"}"#)
        #expect(
            node.takeHeard(client) == [
                #"{"type":"error","username":"","value":"The username is missing","code":"bad_message"}"#
            ]
        )
        let ada = harness.ada()
        node.says(ada, #"{"type":"chat","value":1}"#)
        #expect(
            node.takeRoom().first?.hasPrefix(#"{"type":"chat","username":"Ada","value":1,"#) == true
        )
        node.says(ada, #"{"type":"logout"}"#)
        #expect(node.takeHeard(ada) == [#"{"type":"logged_out","username":"Ada","value":true}"#])
    }

    @Test func `a name that is taken is refused as in the plain vocabulary`() {
        _ = harness.ada()
        let (plain, other) = (node.open(), node.open(.v1))
        for client in [plain, other] { node.says(client, #"{"type":"login","username":"ada"}"#) }
        #expect(node.takeHeard(other) == node.takeHeard(plain))
    }

    // MARK: join and leave

    @Test func `who joins is told where it stands and that nothing is missing`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join"}"#)
        #expect(
            harness.takeHeard(client) == [
                #"{"type":"joined","room":"lobby","epoch":"7","seq":0,"mid":"p.0"}"#,
                #"{"type":"synced","room":"lobby","seq":0}"#,
            ]
        )
    }

    @Test func `a second join describes the room once more and changes nothing`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join"}"#)
        let first = node.takeHeard(client)
        node.says(client, #"{"type":"join","room":"lobby"}"#)
        #expect(node.takeHeard(client) == first)
        node.says(client, #"{"type":"leave"}"#)
        #expect(node.takeHeard(client) == [])
        node.says(client, #"{"type":"leave"}"#)
        #expect(node.takeHeard(client).first?.contains(#""code":"not_in_room""#) == true)
    }

    @Test func `a join waits until the node hears the room, and is refused if it does not in time`()
    {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join","room":"a"}"#)
        node.says(client, #"{"type":"join","room":"a"}"#)
        #expect(node.takeHeard(client) == [])
        node.open(harness.room("a"))
        #expect(node.takeHeard(client).map { $0.contains("joined") } == [true, false])
        node.says(client, #"{"type":"join","room":"b"}"#)
        node.now = node.now + Limits.publishPatience
        node.ask { $0.tick(now: node.now, into: &$1) }
        let refusal = node.takeHeard(client)
        #expect(refusal.count == 1)
        #expect(refusal.first?.contains(#""code":"unavailable","room":"b","retry_ms":"#) == true)
        node.open(harness.room("b"))
        #expect(node.takeHeard(client) == [])
    }

    @Test func `who leaves before the node hears the room is not in it`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join","room":"a"}"#)
        node.says(client, #"{"type":"leave","room":"a"}"#)
        node.open(harness.room("a"))
        #expect(node.takeHeard(client) == [])
        node.says(client, #"{"type":"join","room":"b"}"#)
        node.closes(client)
        node.open(harness.room("b"))
        #expect(node.clients[client].isFinished)
        #expect(node.takeHeard(client) == [])
    }

    @Test(arguments: [
        ("A", "bad_name"), ("", "bad_name"), ("a b", "bad_name"), (#"\ud800"#, "bad_name"),
        (String(repeating: "x", count: 65), "too_long"),
    ])
    func `what is not the name of a room is refused`(name: String, code: String) {
        let client = harness.ada()
        for type in ["join", "leave", "chat"] {
            node.says(client, #"{"type":"\#(type)","room":"\#(name)"}"#)
            let heard = node.takeHeard(client)
            #expect(heard.count == 1)
            #expect(heard.first?.contains(#""code":"\#(code)""#) == true, "\(type): \(heard)")
        }
    }

    @Test func `a client is in 64 rooms at most`() {
        let client = node.open(.v1)
        for number in 1...64 { node.says(client, #"{"type":"join","room":"r\#(number)"}"#) }
        #expect(node.takeHeard(client) == [])
        node.now = node.now + .seconds(1)
        node.says(client, #"{"type":"join","room":"r65"}"#)
        #expect(node.takeHeard(client).first?.contains(#""code":"too_long","room":"r65"}"#) == true)
        node.says(client, #"{"type":"leave","room":"r1"}"#)
        node.says(client, #"{"type":"join","room":"r65"}"#)
        #expect(node.takeHeard(client) == [])
    }

    @Test func `joins are not counted as messages, unless they are refused`() {
        let node = TestNode(rates: RateLimit.Policy(messageRate: 1, messageBurst: 2))
        let client = node.open(.v1)
        for _ in 1...64 { node.says(client, #"{"type":"join"}"#) }
        #expect(node.takeHeard(client).count == 128)
        for _ in 1...2 { node.says(client, #"{"type":"ping"}"#) }
        #expect(node.takeHeard(client) == Array(repeating: #"{"type":"pong"}"#, count: 2))
        // More than a client may go on after it was told.
        for _ in 1...100 { node.says(client, #"{"type":"join"}"#) }
        #expect(node.clients[client].closed == .flooding)
    }

    @Test func `a client joins 64 times at once, and then five times a second`() {
        let client = node.open(.v1)
        for _ in 1...64 { node.says(client, #"{"type":"join"}"#) }
        #expect(node.takeHeard(client).count == 128)
        node.says(client, #"{"type":"join"}"#)
        let refusal = node.takeHeard(client)
        #expect(refusal.first?.hasSuffix(#""code":"rate_limited","retry_ms":200}"#) == true)
        node.now = node.now + .seconds(1)
        for _ in 1...6 { node.says(client, #"{"type":"join"}"#) }
        #expect(node.takeHeard(client).count == 5 * 2 + 1)
    }

    @Test(arguments: [
        (#"{"epoch":"7","seq":3,"mid":"abcdefgh.5"}"#, true),
        (#"{"mid":"abcdefgh.5","x":[{}],"seq":3,"epoch":"7"}"#, true),
        (#"{"epoch":"e","seq":3,"mid":"abcdefgh.5"}"#, false),
        (#"{"epoch":"7","seq":3,"mid":"?"}"#, false),
        (#"{"epoch":"99999999999","seq":3,"mid":"abcdefgh.5"}"#, false),
    ])
    func `a join may say where the client stood`(since: String, isPosition: Bool) {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join","since":\#(since)}"#)
        guard let mid = MessageID("abcdefgh.5") else { preconditionFailure("an id") }
        let stood = Position(epoch: 7, seq: 3, mid: mid)
        let since = isPosition ? Session.Start.Since.position(stood) : .impossible
        #expect(node.clients[client].starts == [.init(since: since)])
    }

    @Test(arguments: [
        "3", "null", "[]", "{}", #"{"epoch":"7","seq":3}"#, #"{"epoch":7,"seq":3,"mid":"a"}"#,
        #"{"epoch":"7","seq":-1,"mid":"a"}"#, #"{"epoch":"7","seq":"3","mid":"a"}"#,
    ])
    func `what has not the form of a position is a bad message`(since: String) {
        let client = node.open(.v1)
        node.says(client, #"{"type":"join","since":\#(since)}"#)
        let heard = node.takeHeard(client)
        #expect(heard.first?.contains(#""code":"bad_message""#) == true)
        #expect(node.clients[client].starts == [])
    }

    @Test func `a join that waits for a login has no effect after the end of its socket`() {
        _ = harness.ada()
        node.answersAtOnce = false
        let client = node.open(.v1)
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        node.says(client, #"{"type":"join","room":"a"}"#)
        node.closes(client)
        node.answerAll()
        #expect(node.clients[client].isFinished)
        node.open(harness.room("a"))
        node.now = node.now + Limits.publishPatience
        node.ask { $0.tick(now: node.now, into: &$1) }
        #expect(node.clients[client].starts == [])
    }
}
