import ChatClient
import ChatCore
import Testing

/// Tests that a client can read what a server writes.
@Suite struct HeardMessageTests {
    private func heard(_ text: String) -> HeardMessage? {
        HeardMessage(Array(text.utf8).span.bytes)
    }

    @Test func `a chat is read with everything that it has`() throws {
        let text = #"""
            {"type":"chat","username":"A\u0064a","value":{"a":[1, 2]},"seq":17,"ts":1700000000000,"mid":"k3.4"}
            """#
        let message = try #require(heard(text))
        #expect(message.type == "chat")
        #expect(message.username == "Ada")
        #expect(message.value == #"{"a":[1, 2]}"#)
        #expect(message.seq == 17)
        #expect(message.timestampMs == 1_700_000_000_000)
        #expect(message.mid == "k3.4")
    }

    @Test func `what a client needs to come back is read`() throws {
        let login = try #require(
            heard(#"{"type":"logged_in","username":"Ada","session":"5f","resumed":true,"acked":3}"#)
        )
        #expect(login.session == "5f" && login.isResumed == true && login.acked == 3)
        let joined = try #require(
            heard(#"{"type":"joined","epoch":"7","seq":17,"mid":"k3.4","recovered":false}"#)
        )
        #expect(joined.epoch == "7" && joined.isRecovered == false)
        #expect(login.isRecovered == nil && joined.isResumed == nil)
    }

    @Test func `a value that is as deep as a message may be is read in a history as well`() throws {
        let depth = Limits.jsonDepth - 1
        let value = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let chat = #"{"type":"chat","value":\#(value),"seq":1,"mid":"k.1"}"#
        let history = try #require(heard(#"{"type":"history","items":[\#(chat)],"more":false}"#))
        #expect(history.items?.map(\.value) == [value])
    }

    @Test func `the answers of a node are read`() throws {
        let messages: [ServerMessage] = [
            .loggedIn(username: "Ada", node: "n1"),
            .loginFailure(username: "Ada", reason: .taken, message: "it \"is\"", retryMs: 5),
            .loggedOut(username: "Ada", reason: .leaseLost),
            .error(username: "", code: .rateLimited, message: "slow", retryMs: 50),
        ]
        let texts = messages.map { message in
            var json: [UInt8] = []
            message.encode(into: &json)
            return String(decoding: json, as: UTF8.self)
        }
        let read = texts.compactMap(heard)
        #expect(read.map(\.type) == ["logged_in", "login_failure", "logged_out", "error"])
        #expect(read[0].node == "n1")
        #expect(read[1].value == "\"taken\"")
        #expect(read[1].message == "it \"is\"")
        #expect(read.map(\.retryMs) == [nil, 5, nil, 50])
        #expect(read[2].reason == "lease_lost")
        #expect(read[3].code == "rate_limited")
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"type":5}"#, #"{"username":"x"}"#, #"{"type":"x"} y"#,
    ])
    func `a text that is no message is not read`(text: String) {
        #expect(heard(text) == nil)
    }

    @Test func `unknown keys are passed over, and fields of a wrong type are missing`() throws {
        let message = try #require(heard(#"{"new":[{}],"type":"later","seq":"x","ts":-1,"mid":7}"#))
        #expect(message.type == "later")
        #expect(message.seq == nil)
        #expect(message.timestampMs == nil)
        #expect(message.mid == nil)
    }
}
