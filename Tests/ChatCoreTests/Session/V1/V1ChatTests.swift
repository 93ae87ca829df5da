import Testing

@testable import ChatCore

/// Tests messages, receipts and errors of `chat.v1`.
@Suite struct V1ChatTests {
    private let harness = V1Harness()
    private var node: TestNode { harness.node }

    @Test func `a message goes to the room that it names, with or without a join`() {
        let ada = harness.ada()
        node.open(harness.room("a"))
        node.says(ada, #"{"type":"chat","room":"a","value":{"x":[1]}}"#)
        let start = #"{"type":"chat","username":"Ada","value":{"x":[1]},"room":"a","seq":1,"ts":"#
        #expect(node.takeRoom().map { $0.hasPrefix(start) } == [true])
        node.says(ada, #"{"type":"chat","room":"lobby","value":2}"#)
        #expect(node.takeRoom().map { $0.contains("room") } == [false])
        #expect(node.takeHeard(ada) == [])
    }

    @Test func `a message with an id or a number is acknowledged with its place`() {
        let ada = harness.ada()
        node.says(ada, #"{"type":"chat","value":1,"id":"a\u00e9\n"}"#)
        node.says(ada, #"{"type":"chat","value":1,"id":-1.5e3}"#)
        node.says(ada, #"{"type":"chat","value":1}"#)
        #expect(
            harness.takeHeard(ada) == [
                #"{"type":"ack","id":"a\u00e9\n","room":"lobby","mid":"p.1","seq":1,"ts":1700000000000}"#,
                #"{"type":"ack","id":-1.5e3,"room":"lobby","mid":"p.2","seq":2,"ts":1700000000000}"#,
            ]
        )
        let bob = harness.ada("Bob")
        node.says(bob, #"{"type":"chat","value":1,"n":1}"#)
        node.says(bob, #"{"type":"chat","value":1,"n":2,"id":"b"}"#)
        #expect(
            harness.takeHeard(bob) == [
                #"{"type":"ack","n":1,"room":"lobby","mid":"p.1","seq":4,"ts":1700000000000}"#,
                #"{"type":"ack","id":"b","n":2,"room":"lobby","mid":"p.2","seq":5,"ts":1700000000000}"#,
            ]
        )
    }

    @Test func `messages that were accepted together are acknowledged each`() {
        let ada = harness.ada()
        node.answersAtOnce = false
        for n in 1...5 { node.says(ada, #"{"type":"chat","value":1,"n":\#(n)}"#) }
        #expect(node.takeHeard(ada) == [])
        node.answerAll()
        let seqs = (1...5).map { #","seq":\#($0),"# }
        #expect(
            zip(node.takeHeard(ada), seqs).map { $0.contains($1) }
                == Array(repeating: true, count: 5)
        )
    }

    @Test func `a number that was accepted is acknowledged again and not said again`() {
        let ada = harness.ada()
        for n in [1, 2, 2, 1] { node.says(ada, #"{"type":"chat","value":\#(n),"n":\#(n)}"#) }
        let heard = harness.takeHeard(ada)
        #expect(heard.count == 4)
        #expect(
            heard.suffix(2) == [
                #"{"type":"ack","n":2,"room":"lobby","mid":"p.2","seq":2,"dup":true}"#,
                #"{"type":"ack","n":1,"room":"lobby","mid":"p.1","dup":true}"#,
            ]
        )
        #expect(node.takeRoom().count == 2)
    }

    @Test
    func `while the broker is away a message to another room is refused, and holds up nothing`() {
        let ada = harness.ada()
        node.open(harness.room("a"))
        node.answersAtOnce = false
        node.says(ada, #"{"type":"chat","room":"a","value":1}"#)
        node.says(ada, #"{"type":"chat","value":2,"id":"2"}"#)
        let request = #"{"type":"remove","seq":1,"mid":"abcdefgh.1","id":"r"}"#
        node.says(ada, request)
        node.says(ada, #"{"type":"ping"}"#)
        #expect(node.takeHeard(ada) == [])
        node.ask { $0.linkLost("cut", now: node.now, into: &$1) }
        node.now = node.now + Limits.relinkPatience
        node.ask { $0.tick(now: node.now, into: &$1) }
        let told = node.takeHeard(ada)
        #expect(told.count == 3)
        #expect(told[0].contains(#""code":"unavailable","id":"2""#), "\(told)")
        #expect(told[1].contains(#""code":"unavailable","id":"r""#), "\(told)")
        #expect(told[2] == #"{"type":"pong"}"#)
        // In the room of the message whose fate is unknown, the broker's client refuses it.
        node.says(ada, #"{"type":"chat","room":"a","value":3,"id":"3"}"#)
        #expect(node.takeHeard(ada).first?.contains(#""code":"unavailable""#) == true)
    }

    @Test func `a number that is on its way is answered once`() {
        let ada = harness.ada()
        node.answersAtOnce = false
        for _ in 1...3 { node.says(ada, #"{"type":"chat","value":1,"n":1}"#) }
        node.answerAll()
        #expect(node.takeHeard(ada).count == 1)
        #expect(node.takeRoom().count == 1)
    }

    @Test func `after a number that is missing the client is told which one to go on with`() {
        let ada = harness.ada()
        node.says(ada, #"{"type":"chat","value":1,"n":1}"#)
        node.says(ada, #"{"type":"chat","value":3,"n":3,"id":"x"}"#)
        let heard = node.takeHeard(ada)
        #expect(heard.count == 2)
        #expect(
            heard.last
                == #"{"type":"error","username":"Ada","value":"The message numbered 2 is missing; "#
                + #"send it first","code":"resend","room":"lobby","id":"x","n":3,"from":2}"#
        )
        node.says(ada, #"{"type":"chat","value":2,"n":2}"#)
        node.says(ada, #"{"type":"chat","value":3,"n":3}"#)
        #expect(node.takeHeard(ada).map { $0.contains(#""type":"ack""#) } == [true, true])
        #expect(node.takeRoom().count == 3)
    }

    @Test func `a message that was refused has not used its number`() {
        let ada = harness.ada()
        node.outage = "no room left"
        for n in 1...2 { node.says(ada, #"{"type":"chat","value":1,"n":\#(n)}"#) }
        let refused = node.takeHeard(ada)
        #expect(refused.count == 2)
        #expect(
            refused.first?.contains(#""code":"unavailable","room":"lobby","n":1,"retry_ms""#)
                == true
        )
        node.outage = nil
        node.says(ada, #"{"type":"chat","value":1,"n":2}"#)
        #expect(node.takeHeard(ada).first?.contains(#""code":"resend""#) == true)
        for n in 1...2 { node.says(ada, #"{"type":"chat","value":1,"n":\#(n)}"#) }
        #expect(node.takeHeard(ada).map { $0.contains(#""type":"ack""#) } == [true, true])
    }

    @Test func `a login numbers all of its messages or none`() {
        let ada = harness.ada()
        node.says(ada, #"{"type":"chat","value":1,"n":1}"#)
        node.says(ada, #"{"type":"chat","value":1}"#)
        #expect(node.takeHeard(ada).last?.contains(#""code":"bad_message""#) == true)
        let bob = harness.ada("Bob")
        node.says(bob, #"{"type":"chat","value":1,"id":"a"}"#)
        node.says(bob, #"{"type":"chat","value":1,"n":1}"#)
        #expect(node.takeHeard(bob).last?.contains(#""code":"bad_message""#) == true)
        let carl = harness.ada("Carl")
        node.says(carl, #"{"type":"chat","value":1}"#)
        node.says(carl, #"{"type":"chat","value":1,"n":1}"#)
        #expect(node.takeHeard(carl).last?.contains(#""code":"bad_message""#) == true)
        // A new login counts anew.
        node.says(bob, #"{"type":"logout"}"#)
        node.says(bob, #"{"type":"login","username":"Bob"}"#)
        node.says(bob, #"{"type":"chat","value":1,"n":1}"#)
        #expect(node.takeHeard(bob).last?.contains(#""type":"ack","n":1"#) == true)
    }

    @Test func `a login under the name held says how far the numbers were accepted`() {
        let ada = harness.ada()
        for n in 1...3 { node.says(ada, #"{"type":"chat","value":1,"n":\#(n)}"#) }
        _ = node.takeHeard(ada)
        node.says(ada, #"{"type":"login","username":"ada"}"#)
        #expect(node.takeHeard(ada).first?.contains(#""acked":3,"#) == true)
    }

    @Test func `messages for another room wait until those before them are settled`() {
        let ada = harness.ada()
        node.open(harness.room("a"))
        node.open(harness.room("b"))
        node.answersAtOnce = false
        for (n, name) in ["a", "a", "b", "a"].enumerated() {
            node.says(ada, #"{"type":"chat","room":"\#(name)","value":1,"n":\#(n + 1)}"#)
        }
        #expect(node.pending.count == 1)
        node.answerAll()
        let order = node.takeHeard(ada).map { $0.contains(#""room":"a""#) ? "a" : "b" }
        #expect(order == ["a", "a", "b", "a"])
        #expect(node.takeRoom().count == 4)
    }

    @Test(arguments: [
        (#""n":0"#, "n"), (#""n":-1"#, "n"), (#""n":1.5"#, "n"), (#""n":"1""#, "n"),
        (#""n":9007199254740992"#, "n"), (#""n":01"#, ""), (#""id":null"#, "id"),
        (#""id":[1]"#, "id"), (#""id":true"#, "id"), (#""room":1"#, "room"),
        (#""room":"a","room":"a""#, "room"), (#""since":1,"since":2"#, "since"),
    ])
    func `a field of the wrong type is a bad message`(field: String, key: String) {
        let ada = harness.ada()
        node.says(ada, #"{"type":"chat","value":1,\#(field)}"#)
        let heard = node.takeHeard(ada)
        #expect(heard.count == 1)
        let code = key.isEmpty ? "bad_json" : "bad_message"
        #expect(heard.first?.contains(#""code":"\#(code)""#) == true)
        #expect(heard.first?.contains(key) == true)
    }

    @Test func `an id of more bytes than an answer repeats is refused`() {
        let ada = harness.ada()
        let longest = String(repeating: "x", count: Limits.receiptBytes - 2)
        node.says(ada, #"{"type":"chat","value":1,"id":"\#(longest)"}"#)
        node.says(ada, #"{"type":"chat","value":1,"id":"\#(longest)x"}"#)
        let heard = node.takeHeard(ada)
        #expect(heard.map { $0.contains(#""type":"ack""#) } == [true, false])
    }

    @Test func `an error says which request it answers`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"chat","room":"a","value":1,"id":"x","n":7}"#)
        #expect(
            node.takeHeard(client) == [
                #"{"type":"error","username":"","value":"Log in first","code":"not_logged_in","room":"a","#
                    + #""id":"x","n":7}"#
            ]
        )
    }

    @Test func `a ping is answered, and an unknown type is not`() {
        let client = node.open(.v1)
        node.says(client, #"{"type":"ping","unknown":1}"#)
        #expect(node.takeHeard(client) == [#"{"type":"pong"}"#])
        node.says(client, #"{"type":"frobnicate"}"#)
        #expect(node.takeHeard(client).first?.contains(#""code":"unknown_type""#) == true)
    }

    @Test func `the plain vocabulary knows none of it`() {
        let plain = node.open()
        node.says(plain, #"{"type":"login","username":"Ada","room":1,"n":"x","room":2}"#)
        node.says(plain, #"{"type":"chat","username":"Ada","value":1,"room":"a","id":"x","n":7}"#)
        #expect(node.takeHeard(plain).count == 1)
        #expect(node.takeRoom().map { $0.contains(#""room""#) } == [false])
        for type in ["join", "leave", "ping"] {
            node.says(plain, #"{"type":"\#(type)","username":"Ada"}"#)
            #expect(node.takeHeard(plain).first?.contains(#""code":"unknown_type""#) == true)
        }
    }

    @Test func `speaking in room after room is limited as joining them is`() {
        let ada = harness.ada()
        for name in ["r1", "r2", "r65", "r66"] { node.open(harness.room(name)) }
        for number in 1...64 {
            node.says(ada, #"{"type":"chat","room":"r\#(1 + number % 2)","value":1}"#)
        }
        // The first one began nothing that could be counted.
        node.says(ada, #"{"type":"chat","room":"r65","value":1}"#)
        #expect(node.takeHeard(ada) == [])
        node.says(ada, #"{"type":"chat","room":"r66","value":1,"id":7}"#)
        #expect(
            node.takeHeard(ada).first?.contains(#""code":"rate_limited","room":"r66","id":7,"#)
                == true
        )
        // Where it spoke last, and in the lobby, it may go on.
        node.says(ada, #"{"type":"chat","room":"r65","value":1}"#)
        node.says(ada, #"{"type":"chat","value":1}"#)
        #expect(node.takeHeard(ada) == [])
        #expect(node.takeRoom().count == 67)
    }
}
