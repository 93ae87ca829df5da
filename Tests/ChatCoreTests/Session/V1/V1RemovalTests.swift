import Testing

@testable import ChatCore

/// Tests how clients of `chat.v1` take messages back.
@Suite struct V1RemovalTests {
    private let harness = V1Harness()
    private var node: TestNode { harness.node }

    /// Says a message, and returns the request that takes it back, without the end.
    private func said(_ client: Int, room: String = "lobby") -> String {
        node.says(client, #"{"type":"chat","room":"\#(room)","value":"secret","id":1}"#)
        let ack = node.takeHeard(client).last ?? ""
        _ = node.takeRoom()
        guard let mid = ack.firstRange(of: #""mid":""#), let seq = ack.firstRange(of: #""seq":"#)
        else {
            Issue.record("not acknowledged: \(ack)")
            return ""
        }
        let id = ack[mid.upperBound...].prefix { $0 != "\"" }
        let number = ack[seq.upperBound...].prefix { $0.isNumber }
        return #"{"type":"remove","room":"\#(room)","seq":\#(number),"mid":"\#(id)""#
    }

    private func code(_ client: Int) -> String? {
        let heard = node.takeHeard(client)
        guard let text = heard.last, let code = text.firstRange(of: #""code":""#) else {
            return nil
        }
        return String(text[code.upperBound...].prefix { $0 != "\"" })
    }

    @Test func `what a client has said it takes back, and is told where that stands`() {
        let ada = harness.ada()
        let request = said(ada)
        node.says(ada, request + #","id":"r","reason":"a \"slip\""}"#)
        #expect(
            harness.takeHeard(ada) == [
                #"{"type":"ack","id":"r","room":"lobby","mid":"p.2","seq":2,"ts":1700000000000}"#
            ]
        )
        let notice = node.takeRoom()
        let of = request.dropFirst(#"{"type":"remove","room":"lobby","#.count)
        let start =
            #"{"type":"removed","room":"lobby","of":{\#(of)},"by":"Ada","reason":"a \"slip\"","#
        #expect(
            notice.map { $0.hasPrefix(start + #""seq":2,"ts":1700000000000,"mid":""#) } == [true]
        )
        // Once more it is there already; the number of the answer is used.
        node.now = node.now + .seconds(2)
        node.says(ada, request + #","id":2}"#)
        #expect(
            harness.takeHeard(ada) == [
                #"{"type":"ack","id":2,"room":"lobby","mid":"p.3","dup":true}"#
            ]
        )
        #expect(node.takeRoom() == [])
    }

    @Test func `a removal is numbered as a message, and a refused one has not used its number`() {
        let ada = harness.ada()
        node.says(ada, #"{"type":"chat","value":1,"n":1}"#)
        let mid = node.takeHeard(ada).last?.split(separator: #""mid":""#).last?.prefix {
            $0 != "\""
        }
        let target = #""seq":1,"mid":"\#(mid ?? "")""#
        node.says(ada, #"{"type":"remove","seq":7,"mid":"aaaaaaaa.1","n":2}"#)
        #expect(code(ada) == "not_found")
        node.says(ada, #"{"type":"remove",\#(target),"n":2}"#)
        #expect(harness.takeHeard(ada).first?.hasPrefix(#"{"type":"ack","n":2,"#) == true)
        node.says(ada, #"{"type":"remove",\#(target),"n":2}"#)
        #expect(harness.takeHeard(ada).first?.contains(#""dup":true"#) == true)
        // Without a number it is of the other kind.
        node.says(ada, #"{"type":"remove",\#(target)}"#)
        #expect(code(ada) == "bad_message")
    }

    @Test func `what follows a refused removal on its way is to be sent again from its number`() {
        let ada = harness.ada()
        node.answersAtOnce = false
        node.says(ada, #"{"type":"remove","seq":7,"mid":"aaaaaaaa.1","n":1}"#)
        node.says(ada, #"{"type":"chat","value":1,"n":2}"#)
        node.answerAll()
        let heard = node.takeHeard(ada)
        #expect(heard.count == 2)
        #expect(heard.first?.contains(#""code":"not_found""#) == true)
        #expect(heard.last?.contains(#""code":"resend""#) == true)
        #expect(heard.last?.contains(#""n":2,"from":1"#) == true)
    }

    @Test func `only what the present login has said can be taken back`() {
        let (ada, bob) = (harness.ada(), harness.ada("Bob"))
        let request = said(ada)
        node.says(bob, request + "}")
        #expect(code(bob) == "forbidden")
        let nobody = node.open(.v1)
        node.says(nobody, request + "}")
        #expect(code(nobody) == "not_logged_in")
        node.says(ada, request + #","username":"Bob"}"#)
        #expect(code(ada) == "wrong_username")
        #expect(node.takeRoom() == [])
    }

    @Test func `a removal names a message, and its reason is short`() {
        let ada = harness.ada()
        let request = said(ada)
        let long = String(repeating: "x", count: Limits.removalReasonBytes)
        for (rest, expected) in [
            (#"{"type":"remove","mid":"aaaaaaaa.1"}"#, "bad_message"),
            (#"{"type":"remove","seq":1}"#, "bad_message"),
            (#"{"type":"remove","seq":0,"mid":"aaaaaaaa.1"}"#, "bad_message"),
            (#"{"type":"remove","seq":1,"mid":1}"#, "bad_message"),
            (#"{"type":"remove","seq":1,"mid":"x"}"#, "not_found"),
            (#"{"type":"remove","room":"B","seq":1,"mid":"aaaaaaaa.1"}"#, "bad_name"),
            (request + #","reason":1}"#, "bad_message"),
            (request + #","reason":"\#(long)"}"#, "too_long"),
        ] {
            node.says(ada, rest)
            #expect(code(ada) == expected, "\(rest)")
        }
        #expect(node.takeRoom() == [])
    }

    @Test func `a login takes back ten at once, and then one in six seconds`() {
        let ada = harness.ada()
        let request = #"{"type":"remove","seq":1,"mid":"aaaaaaaa.1"}"#
        for _ in 0..<Int(Limits.removalBurst) {
            node.says(ada, request)
            #expect(code(ada) == "not_found")
        }
        node.says(ada, request)
        let refusal = node.takeHeard(ada).last ?? ""
        #expect(
            refusal.contains(#""code":"rate_limited""#) && refusal.contains(#""retry_ms":6000"#)
        )
        node.now = node.now + .seconds(6)
        node.says(ada, request)
        #expect(code(ada) == "not_found")
    }

    @Test func `in a room one message is taken back a second`() {
        let (ada, bob) = (harness.ada(), harness.ada("Bob"))
        let (first, second) = (said(ada), said(bob))
        node.says(ada, first + #","id":1}"#)
        #expect(code(ada) == nil)
        node.says(bob, second + #","id":1}"#)
        #expect(code(bob) == "rate_limited")
    }
}
