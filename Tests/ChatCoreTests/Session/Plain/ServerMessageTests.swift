import Testing

@testable import ChatCore

@Suite struct ServerMessageTests {
    private func encoded(_ message: ServerMessage) -> String {
        var out = Array("<".utf8)
        message.encode(into: &out)
        #expect(scan(Array(out.dropFirst())) == nil)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func `logged_in names the user and the node`() {
        let text = encoded(.loggedIn(username: "alice", node: "n1"))
        #expect(text == #"<{"type":"logged_in","username":"alice","node":"n1"}"#)
    }

    @Test func `logged_out says true`() {
        let text = encoded(.loggedOut(username: "alice"))
        #expect(text == #"<{"type":"logged_out","username":"alice","value":true}"#)
    }

    @Test(arguments: LoginFailureReason.allCases)
    func `login_failure says why, for programs and for people`(_ reason: LoginFailureReason) {
        let text = encoded(.loginFailure(username: "a", reason: reason, message: "No."))
        let head = #"<{"type":"login_failure","username":"a","value":"\#(reason.rawValue)","#
        #expect(text == head + #""message":"No."}"#)
    }

    @Test(arguments: ErrorCode.allCases)
    func `error says what, for people and for programs`(_ code: ErrorCode) {
        let text = encoded(.error(username: "", code: code, message: "No."))
        let head = #"<{"type":"error","username":"","value":"No.","#
        #expect(text == head + #""code":"\#(code.rawValue)"}"#)
    }

    @Test func `retry_ms comes last, if waiting helps`() {
        let error = ServerMessage.error(
            username: "a",
            code: .rateLimited,
            message: "Wait.",
            retryMs: 250
        )
        let failure = ServerMessage.loginFailure(
            username: "a",
            reason: .unavailable,
            message: "Wait.",
            retryMs: 2000
        )
        #expect(encoded(error).hasSuffix(#","code":"rate_limited","retry_ms":250}"#))
        #expect(encoded(failure).hasSuffix(#","message":"Wait.","retry_ms":2000}"#))
    }

    @Test func `every string is escaped, whatever it holds`() {
        let bad = "\"\\\n\u{0}</script>"
        let token = #""\"\\\n\u0000</script>""#
        #expect(
            encoded(.loggedIn(username: bad, node: bad))
                == #"<{"type":"logged_in","username":\#(token),"node":\#(token)}"#
        )
        #expect(
            encoded(.loginFailure(username: bad, reason: .taken, message: bad))
                == #"<{"type":"login_failure","username":\#(token),"value":"taken","message":\#(token)}"#
        )
        #expect(
            encoded(.error(username: bad, code: .unavailable, message: bad))
                == #"<{"type":"error","username":\#(token),"value":\#(token),"code":"unavailable"}"#
        )
        #expect(
            encoded(.loggedOut(username: bad))
                == #"<{"type":"logged_out","username":\#(token),"value":true}"#
        )
    }
}
