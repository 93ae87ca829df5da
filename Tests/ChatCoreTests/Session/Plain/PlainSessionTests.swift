import ChatCore
import Testing

/// Tests the plain vocabulary, message by message and rule by rule.
@Suite struct PlainSessionTests {
    let node = TestNode()

    /// Makes a client that is logged in.
    private func ada(_ name: String = "Ada") -> Int {
        let client = node.open()
        node.says(client, #"{"type":"login","username":"\#(name)"}"#)
        #expect(
            node.takeHeard(client) == [#"{"type":"logged_in","username":"\#(name)","node":"n1"}"#]
        )
        return client
    }

    private func mid(_ text: String) -> String? {
        text.firstRange(of: #""mid":""#).map { String(text[$0.upperBound...].prefix(10)) }
    }

    // MARK: login

    @Test func `a login gets the name and the node`() {
        _ = ada()
        #expect(node.store.heldNames == 1)
    }

    @Test func `a name that is held is taken in every spelling that folds to it`() {
        _ = ada()
        let other = node.open()
        for spelling in ["Ada", "ada", "ADA", "\u{FF21}da"] {
            node.says(other, #"{"type":"login","username":"\#(spelling)"}"#)
            let heard = node.takeHeard(other)
            #expect(heard.count == 1)
            #expect(heard[0].contains(#""type":"login_failure""#))
            #expect(heard[0].contains(#""value":"taken""#))
        }
    }

    @Test func `a string that is no name is invalid, whatever it is`() {
        let client = node.open()
        for name in ["", " ", "a b", #"\ud800"#, #"\u0000"#, String(repeating: "x", count: 33)] {
            node.says(client, #"{"type":"login","username":"\#(name)"}"#)
            let heard = node.takeHeard(client)
            #expect(heard.count == 1)
            #expect(heard[0].contains(#""type":"login_failure""#), "\(name)")
            #expect(heard[0].contains(#""value":"invalid""#), "\(name)")
        }
    }

    @Test func `a reserved name is forbidden in every spelling`() {
        let client = node.open()
        for name in ["admin", "Admin", "\u{FF41}dmin"] {
            node.says(client, #"{"type":"login","username":"\#(name)"}"#)
            #expect(node.takeHeard(client)[0].contains(#""value":"forbidden""#))
        }
    }

    @Test func `logging in again under the same name is fine`() {
        let client = ada()
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        #expect(
            node.takeHeard(client) == [#"{"type":"logged_in","username":"Ada","node":"n1"}"#]
        )
        #expect(node.store.heldNames == 1)
    }

    @Test func `a login in another spelling shows that spelling, and gives up no name`() {
        let client = ada()
        for spelling in ["ADA", "\u{FF21}da", "ada"] {
            node.says(client, #"{"type":"login","username":"\#(spelling)"}"#)
            let shown = spelling == "\u{FF21}da" ? "Ada" : spelling
            #expect(
                node.takeHeard(client)
                    == [#"{"type":"logged_in","username":"\#(shown)","node":"n1"}"#]
            )
            for sent in [shown, "Ada"] {
                node.says(client, #"{"type":"chat","username":"\#(sent)","value":1}"#)
                let room = node.takeRoom()
                #expect(room.count == 1)
                #expect(room[0].hasPrefix(#"{"type":"chat","username":"\#(shown)","value":1,"#))
            }
            #expect(node.store.heldNames == 1)
        }
        node.says(client, #"{"type":"logout","username":"Ada"}"#)
        #expect(
            node.takeHeard(client) == [#"{"type":"logged_out","username":"ada","value":true}"#]
        )
        #expect(node.store.heldNames == 0)
    }

    @Test func `a spelling that is no name leaves the one before`() {
        let client = ada()
        node.says(client, #"{"type":"login","username":"ADA "}"#)
        #expect(node.takeHeard(client)[0].contains(#""type":"login_failure""#))
        node.says(client, #"{"type":"chat","username":"ada","value":1}"#)
        #expect(node.takeRoom()[0].hasPrefix(#"{"type":"chat","username":"Ada","value":1,"#))
    }

    @Test func `another name is a change of name, and frees the old one`() {
        let client = ada()
        node.says(client, #"{"type":"login","username":"Grace"}"#)
        #expect(
            node.takeHeard(client) == [#"{"type":"logged_in","username":"Grace","node":"n1"}"#]
        )
        #expect(node.store.heldNames == 1)
        _ = ada()
        node.says(client, #"{"type":"chat","username":"Grace","value":1}"#)
        #expect(node.takeRoom()[0].hasPrefix(#"{"type":"chat","username":"Grace","value":1,"#))
    }

    @Test func `a change of name that fails leaves the old one`() {
        _ = ada("Grace")
        let client = ada()
        node.says(client, #"{"type":"login","username":"grace"}"#)
        #expect(node.takeHeard(client)[0].contains(#""value":"taken""#))
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        #expect(node.takeRoom().count == 1)
    }

    @Test func `a change of name waits for messages sent under the old one`() {
        let client = ada()
        node.answersAtOnce = false
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        node.says(client, #"{"type":"login","username":"Grace"}"#)
        node.says(client, #"{"type":"chat","username":"Grace","value":2}"#)
        node.answerAll()
        let room = node.takeRoom()
        #expect(room.count == 2)
        #expect(room[0].hasPrefix(#"{"type":"chat","username":"Ada","value":1,"seq":1,"#))
        #expect(room[1].hasPrefix(#"{"type":"chat","username":"Grace","value":2,"seq":2,"#))
    }

    // MARK: logout

    @Test func `a logout is answered when the name is free`() {
        let client = ada()
        node.answersAtOnce = false
        node.says(client, #"{"type":"logout","username":"ada"}"#)
        #expect(node.takeHeard(client) == [])
        node.answerAll()
        #expect(node.store.heldNames == 0)
        #expect(
            node.takeHeard(client) == [#"{"type":"logged_out","username":"Ada","value":true}"#]
        )
    }

    @Test func `after a logout another client may have the name, and this one another name`() {
        let client = ada()
        node.says(client, #"{"type":"logout","username":"Ada"}"#)
        _ = node.takeHeard(client)
        _ = ada()
        node.says(client, #"{"type":"login","username":"Grace"}"#)
        #expect(node.takeHeard(client)[0].contains(#""type":"logged_in""#))
    }

    // MARK: chat

    @Test func `all clients receive a chat once, with its place, and its sender gets no answer`()
        throws
    {
        let client = ada()
        node.says(client, #"{"type":"chat","username":"Ada","value":"hi"}"#)
        node.says(client, #"{"type":"chat","username":"ADA","value":"again"}"#)
        #expect(node.takeHeard(client) == [])
        let room = node.takeRoom()
        let producer = try #require(mid(room[0])).prefix(8)
        #expect(
            room == [
                #"{"type":"chat","username":"Ada","value":"hi","seq":1,"ts":1700000000000,"mid":"\#(producer).1"}"#,
                #"{"type":"chat","username":"Ada","value":"again","seq":2,"ts":1700000000000,"mid":"\#(producer).2"}"#,
            ]
        )
    }

    @Test(arguments: [
        "1234567890123456789012345", "1.10", "-0", "1e999", "9223372036854775808", "null", "true",
        #""\u0041\/\ud83d\ude00\ud800\u0000""#, #"{"a":1, "a" : 2}"#, "[ 1 ,  2\t]", #""é 😀""#,
        #"{"type":"login","username":"x"}"#,
    ])
    func `a value is relayed byte for byte`(value: String) {
        let client = ada()
        node.says(client, #"{"type":"chat", "value" : \#(value) ,"username":"Ada"}"#)
        #expect(
            node.takeRoom()[0].hasPrefix(
                #"{"type":"chat","username":"Ada","value":\#(value),"seq":"#
            )
        )
    }

    @Test func `a chat without a value relays null, and unknown keys go no further`() {
        let client = ada()
        node.says(client, #"{"type":"chat","username":"Ada","x":{"y":[1]}}"#)
        #expect(
            node.takeRoom()[0].hasPrefix(#"{"type":"chat","username":"Ada","value":null,"seq":1"#)
        )
    }

    @Test func `a client cannot speak in another client's name, or log it out`() {
        _ = ada("Grace")
        let client = ada()
        for type in ["chat", "logout"] {
            node.says(client, #"{"type":"\#(type)","username":"Grace","value":1}"#)
            let heard = node.takeHeard(client)
            #expect(heard.count == 1)
            #expect(heard[0].hasPrefix(#"{"type":"error","username":"Grace","value":"#))
            #expect(heard[0].hasSuffix(#","code":"wrong_username"}"#))
        }
        #expect(node.takeRoom() == [])
        #expect(node.store.heldNames == 2)
    }

    @Test func `without a login a client cannot speak`() {
        let client = node.open()
        for type in ["chat", "logout"] {
            node.says(client, #"{"type":"\#(type)","username":"Ada","value":1}"#)
            #expect(node.takeHeard(client)[0].hasSuffix(#","code":"not_logged_in"}"#))
        }
    }

    // MARK: errors

    @Test(arguments: [
        (#"{"type":"dance","username":"Ada"}"#, "unknown_type"),
        (#"{"username":"Ada"}"#, "unknown_type"),
        (#"{"type":"login"}"#, "bad_message"),
        (#"{"type":"login","username":1}"#, "bad_message"),
        (#"{"type":1,"username":"Ada"}"#, "bad_message"),
        (#"{"type":"chat","username":"Ada","value":1,"value":2}"#, "bad_message"),
        ("[]", "bad_message"), (#""login""#, "bad_message"), ("{", "bad_json"), ("", "bad_json"),
    ])
    func `an error says which, and the socket stays open`(text: String, code: String) {
        let client = ada()
        node.says(client, text)
        let heard = node.takeHeard(client)
        #expect(heard.count == 1)
        #expect(heard[0].hasPrefix(#"{"type":"error","username":"Ada","value":""#))
        #expect(heard[0].hasSuffix(#","code":"\#(code)"}"#))
        #expect(node.clients[client].closed == nil)
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        #expect(node.takeRoom().count == 1)
    }

    @Test func `an unknown type is answered in the words of the original vocabulary`() {
        let client = node.open()
        node.says(client, #"{"type":"dance","username":"Ada"}"#)
        #expect(
            node.takeHeard(client) == [
                #"{"type":"error","username":"Ada","value":"Unknown message type","code":"unknown_type"}"#
            ]
        )
    }

    @Test func `an error names the name sent, else the one held, else none`() {
        let client = ada()
        node.says(client, #"{"type":"dance","username":"x y"}"#)
        node.says(client, #"{"type":"dance"}"#)
        let stranger = node.open()
        node.says(stranger, #"{"type":"dance"}"#)
        let names = (node.takeHeard(client) + node.takeHeard(stranger)).map {
            String($0.dropFirst(#"{"type":"error","username":"#.count).prefix { $0 != "," })
        }
        #expect(names == [#""x y""#, #""Ada""#, #""""#])
    }

    // MARK: order, and the end of a session

    @Test func `messages after a login wait for its answer, in order`() {
        let client = node.open()
        node.answersAtOnce = false
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        node.says(client, "junk")
        node.says(client, #"{"type":"chat","username":"Ada","value":2}"#)
        node.says(client, #"{"type":"logout","username":"Ada"}"#)
        node.says(client, #"{"type":"chat","username":"Ada","value":3}"#)
        #expect(node.takeHeard(client) == [])
        node.answerAll()
        let types = node.takeHeard(client).map { $0.dropFirst(9).prefix { $0 != "\"" } }
        #expect(types == ["logged_in", "error", "logged_out", "error"])
        #expect(node.takeRoom().count == 2)
    }

    @Test func `no more messages than a bound wait, and a refused one is answered`() {
        let client = node.open()
        node.answersAtOnce = false
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        for value in 0..<(Limits.waitingMessages + 3) {
            node.says(client, #"{"type":"chat","username":"Ada","value":\#(value)}"#)
        }
        let refused = node.takeHeard(client)
        #expect(refused.count == 3)
        #expect(refused.allSatisfy { $0.contains(#""code":"rate_limited","retry_ms":"#) })
        node.answerAll()
        #expect(node.takeRoom().count == Limits.waitingMessages)
    }

    @Test func `no more bytes than a bound wait`() {
        let client = node.open()
        node.answersAtOnce = false
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        let value = String(repeating: "x", count: 15_000)
        for _ in 0..<10 {
            node.says(client, #"{"type":"chat","username":"Ada","value":"\#(value)"}"#)
        }
        #expect(node.takeHeard(client).count == 10 - Limits.waitingMessageBytes / 15_047)
    }

    @Test func `a socket that closes during its claim leaves no name behind`() {
        let client = node.open()
        node.answersAtOnce = false
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        node.closes(client)
        #expect(!node.clients[client].isFinished)
        node.answerAll()
        #expect(node.store.heldNames == 0)
        #expect(node.clients[client].isFinished)
    }

    @Test func `messages sent before closing arrive, then the name is free`() {
        let client = ada()
        node.answersAtOnce = false
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        node.closes(client)
        #expect(node.store.heldNames == 1)
        node.answerAll()
        #expect(node.takeRoom().count == 1)
        #expect(node.store.heldNames == 0)
        #expect(node.clients[client].isFinished)
    }

    @Test func `a login, a chat and a close sent at once are all carried out`() {
        let client = node.open()
        node.answersAtOnce = false
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        node.closes(client)
        node.answerAll()
        #expect(node.takeRoom().count == 1)
        #expect(node.store.heldNames == 0)
        #expect(node.clients[client].isFinished)
    }

    @Test func `a socket without a name is over at once, and once only`() {
        let client = node.open()
        node.closes(client)
        #expect(node.clients[client].isFinished)
        node.clients[client].isFinished = false
        node.closes(client)
        #expect(!node.clients[client].isFinished)
    }

    // MARK: answers of the broker

    @Test func `a message that was not written is refused and its number used again`() {
        let client = ada()
        node.outage = "no broker"
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        let heard = node.takeHeard(client)
        #expect(heard.count == 1)
        #expect(heard[0].contains(#""value":"no broker","code":"unavailable","retry_ms":1000"#))
        node.outage = nil
        node.says(client, #"{"type":"chat","username":"Ada","value":2}"#)
        let room = node.takeRoom()
        #expect(room.count == 1)
        #expect(room[0].hasSuffix(#".1"}"#))
    }

    @Test func `without a broker a logout is answered at once, whatever is in flight`() {
        let client = ada()
        node.answersAtOnce = false
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        node.says(client, #"{"type":"logout","username":"Ada"}"#)
        #expect(node.takeHeard(client) == [])
        node.cut()
        let heard = node.takeHeard(client)
        #expect(heard.count == 2)
        #expect(heard[0].contains("is not known"))
        #expect(heard[1].contains(#""type":"logged_out""#))
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        #expect(node.takeHeard(client)[0].contains(#""value":"unavailable""#))
        node.link()
        node.answerAll()
        #expect(node.takeRoom() == [])
        #expect(node.store.heldNames == 0)
    }

    @Test func `when the broker is back, a change of name waits for messages under the old one`() {
        let client = ada()
        node.answersAtOnce = false
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        node.cut()
        node.link()
        node.says(client, #"{"type":"chat","username":"Ada","value":2}"#)
        node.says(client, #"{"type":"login","username":"Bea"}"#)
        #expect(node.takeHeard(client) == [])
        // The old name is claimed again; the new one is not claimed yet.
        #expect(node.pending.count == 1)
        node.answerAll()
        let room = node.takeRoom()
        #expect(room.count == 2)
        #expect(room.allSatisfy { $0.contains(#""username":"Ada""#) })
        // Each under the name with which it was sent, not the one that is held by now.
        let producers = Set(room.map { $0.suffix(12).prefix(8) })
        #expect(producers.count == 1)
        #expect(node.takeHeard(client).contains { $0.contains(#""username":"Bea""#) })
        #expect(node.store.heldNames == 1)
    }

    @Test func `a full outbox refuses a message, and those in it are sent`() {
        let small = TestNode(maxWaiting: 2)
        let client = small.open()
        small.says(client, #"{"type":"login","username":"Ada"}"#)
        _ = small.takeHeard(client)
        small.answersAtOnce = false
        // One is sent in a call, two wait, and the fourth is too many.
        for value in 1...4 {
            small.says(client, #"{"type":"chat","username":"Ada","value":\#(value)}"#)
        }
        #expect(small.takeHeard(client).count == 1)
        small.answerAll()
        #expect(small.takeRoom().count == 3)
    }

    @Test func `a client that has lost its name is told, and may log in under another`() throws {
        let client = ada()
        try node.steal("Ada")
        node.says(client, #"{"type":"chat","username":"Ada","value":1}"#)
        let heard = node.takeHeard(client)
        #expect(heard.count == 2)
        #expect(
            heard[0]
                == #"{"type":"logged_out","username":"Ada","value":true,"reason":"lease_lost"}"#
        )
        #expect(heard[1].contains(#""code":"not_logged_in""#))
        #expect(node.takeRoom() == [])
        node.says(client, #"{"type":"login","username":"Ada"}"#)
        #expect(node.takeHeard(client)[0].contains(#""value":"taken""#))
        node.says(client, #"{"type":"login","username":"Bea"}"#)
        #expect(node.takeHeard(client)[0].contains("logged_in"))
    }
}
