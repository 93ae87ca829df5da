import ChatCore
import TestSupport
import Testing

@testable import ChatClient

/// How a client gets its name, keeps it and loses it.
@Suite struct LoginTests {
    private func failure(_ value: String, _ more: String = "") -> String {
        #"{"type":"login_failure","username":"Ada","value":"\#(value)","message":"No"\#(more)}"#
    }

    @Test func `a name that is granted is answered with its secret, which is used from then on`() {
        var client = MachineHarness()
        client.start()
        let call = client.logIn()
        client.granted()
        let login = LoginAnswer(username: "Ada", node: "n1", isResumed: false, session: "5f")
        #expect(client.answers[call] == .success(.login(login)))
        client.comeBack()
        client.granted(session: "60", resumed: true)
        client.comeBack()
        #expect(client.sentTexts() == [#"{"type":"login","username":"Ada","session":"60"}"#])
    }

    @Test(arguments: ["taken", "invalid", "forbidden"])
    func `a refusal for good fails the call, and the rooms are heard without a name`(value: String)
    {
        var client = MachineHarness()
        client.start()
        let call = client.logIn()
        _ = client.join("tea")
        _ = client.sentTexts()
        client.hear(failure(value))
        #expect(client.failure(call) == .loginFailed(reason: value, message: "No"))
        client.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17"}"#)
        client.chat(18)
        #expect(client.seqs == [18])
        let other = client.logIn("Bob")
        #expect(client.sentTexts() == [#"{"type":"login","username":"Bob"}"#])
        #expect(client.answers[other] == nil)
    }

    @Test(arguments: [#""unavailable","retry_ms":900"#, #""taken","retry_ms":900"#])
    func `a refusal for now is tried again when the node says, over the same socket`(value: String)
    {
        var client = MachineHarness()
        client.start()
        let call = client.logIn()
        _ = client.sentTexts()
        client.hear(#"{"type":"login_failure","username":"Ada","message":"No","value":\#(value)}"#)
        client.pass(.milliseconds(899))
        #expect(client.sentTexts() == [])
        client.pass(.milliseconds(1))
        #expect(client.sentTexts() == [#"{"type":"login","username":"Ada"}"#])
        client.granted()
        #expect(client.answers[call] != nil)
    }

    @Test func `a name that is taken after its first answer was lost may be one's own`() {
        var client = MachineHarness()
        client.start()
        let call = client.logIn()
        client.comeBack()
        client.hear(failure("taken"))
        #expect(client.answers[call] == nil)
        _ = client.sentTexts()
        client.pass(Limits.clientBackoffLast)
        #expect(client.sentTexts().first == #"{"type":"login","username":"Ada"}"#)
        client.pass(Limits.clientLostLogin)
        client.hear(failure("taken"))
        #expect(client.failure(call) == .loginFailed(reason: "taken", message: "No"))
    }

    @Test func `a name that another has taken meanwhile is told to the application`() {
        var client = MachineHarness.inTea()
        let message = client.say("a")
        client.comeBack()
        client.hear(failure("taken"))
        #expect(client.reports.last == .nameRefused(reason: "taken", message: "No"))
        #expect(client.failure(message) == .unknownOutcome)
        // It still hears the room.
        #expect(client.sentTexts().last?.contains("join") == true)
    }

    @Test func `a name that the node has lost is claimed again with its secret`() {
        var client = MachineHarness.inTea()
        _ = client.say("a")
        _ = client.sentTexts()
        client.hear(
            #"{"type":"logged_out","username":"Ada","value":true,"reason":"lease_lost"}"#
        )
        #expect(client.reports.last == .nameLost(reason: "lease_lost"))
        client.refuse(1, "not_logged_in")
        client.pass(Limits.clientBackoffFirst)
        #expect(client.sentTexts() == [#"{"type":"login","username":"Ada","session":"5f"}"#])
        client.granted(session: "60", resumed: true, acked: 0)
        #expect(client.sentTexts() == [#"{"type":"chat","room":"tea","value":"a","n":1}"#])
    }

    @Test func `a new token renews the right to the name, and numbers go on`() {
        var client = MachineHarness.inTea()
        _ = client.say("a")
        client.ack(1)
        _ = client.sentTexts()
        client.hear(#"{"type":"token_expiring","in_ms":60000}"#)
        #expect(client.reports.last == .tokenExpiring(.seconds(60)))
        let call = client.call {
            $0.logIn("Ada", session: nil, token: "new", call: $1, at: $2)
        }
        #expect(
            client.sentTexts() == [
                #"{"type":"login","username":"Ada","session":"5f","token":"new"}"#
            ]
        )
        client.hear(
            #"{"type":"logged_in","username":"Ada","node":"n1","resumed":false,"acked":1,"ping_ms":25000}"#
        )
        guard case .success? = client.answers[call] else {
            Issue.record("\(client.answers)")
            return
        }
        _ = client.say("b")
        #expect(client.sentTexts() == [#"{"type":"chat","room":"tea","value":"b","n":2}"#])
    }

    @Test
    func `a logout ends with its socket, and what was not sent is not said under the next name`() {
        var client = MachineHarness.inTea()
        let out = client.call { $0.logOut($1, at: $2) }
        _ = client.sentTexts()
        let unsent = client.say("secret")
        client.end(.lost)
        #expect(client.answers[out] == .success(.done))
        #expect(client.failure(unsent) == .notLoggedIn)
        client.pass(Limits.clientBackoffLast)
        client.open()
        _ = client.logIn("Bob")
        #expect(!client.sentTexts().joined().contains("secret"))
    }

    @Test func `a name that is granted after the logout is given back`() {
        var client = MachineHarness()
        client.start()
        let login = client.logIn()
        let message = client.say("a")
        let out = client.logOut()
        #expect(client.failure(login) == .notLoggedIn && client.failure(message) == .notLoggedIn)
        #expect(client.answers[out] == nil)
        _ = client.sentTexts()
        client.granted()
        #expect(client.sentTexts() == [#"{"type":"logout"}"#])
        client.hear(#"{"type":"logged_out","username":"Ada","value":true}"#)
        #expect(client.answers[out] == .success(.done))
        client.logIn("Bob")
        #expect(client.sentTexts() == [#"{"type":"login","username":"Bob"}"#])
    }

    @Test func `a name that is refused after the logout needs not be given back`() {
        var client = MachineHarness()
        client.start()
        _ = client.logIn()
        let out = client.logOut()
        _ = client.sentTexts()
        client.hear(failure("unavailable", #","retry_ms":500"#))
        #expect(client.answers[out] == .success(.done))
        client.pass(.seconds(1))
        #expect(client.sentTexts() == [])
    }

    @Test func `a logout waits until each message has its answer, and takes no more`() {
        var client = MachineHarness.inTea()
        let message = client.say("a")
        _ = client.sentTexts()
        let outs = [client.logOut(), client.logOut()]
        let late = client.say("b")
        let again = client.logIn()
        #expect(client.failure(late) == .notLoggedIn && client.failure(again) == .hasName)
        #expect(client.sentTexts() == [])
        client.comeBack()
        client.granted(session: "60", resumed: true)
        #expect(client.sentTexts().last == #"{"type":"chat","room":"tea","value":"a","n":1}"#)
        client.ack(1)
        #expect(client.receipt(message) != nil)
        #expect(client.sentTexts() == [#"{"type":"logout"}"#])
        client.hear(#"{"type":"logged_out","username":"Ada","value":true}"#)
        #expect(outs.allSatisfy { client.answers[$0] == .success(.done) })
    }

    @Test func `a logout that is cancelled in time leaves the name as it is`() {
        var client = MachineHarness.inTea()
        _ = client.say("a")
        client.cancel(client.logOut())
        _ = client.sentTexts()
        client.ack(1)
        _ = client.say("b")
        #expect(client.sentTexts() == [#"{"type":"chat","room":"tea","value":"b","n":2}"#])
    }

    @Test func `a login that is cancelled gives its name back`() {
        var client = MachineHarness()
        client.start()
        let call = client.logIn()
        client.cancel(call)
        #expect(client.failure(call) == .cancelled)
        _ = client.sentTexts()
        client.granted()
        #expect(client.sentTexts() == [#"{"type":"logout"}"#])
    }

    @Test func `a login waits as long as a node has said, over whichever socket`() {
        var client = MachineHarness()
        client.start()
        _ = client.logIn()
        client.hear(failure("unavailable", #","retry_ms":30000"#))
        client.comeBack()
        client.pass(.seconds(30) - Limits.clientBackoffLast - .milliseconds(1))
        #expect(client.sentTexts() == [])
        client.pass(.milliseconds(1))
        #expect(client.sentTexts() == [#"{"type":"login","username":"Ada"}"#])
    }

    @Test func `a logout that is refused for its rate ends the socket`() {
        var client = MachineHarness.inTea()
        let out = client.call { $0.logOut($1, at: $2) }
        client.hear(
            #"{"type":"error","username":"Ada","value":"…","code":"rate_limited","retry_ms":50}"#
        )
        #expect(client.answers[out] == nil)
        #expect(client.cut == [client.socket])
    }

    @Test func `a client has one name at a time`() {
        var client = MachineHarness.loggedIn()
        let other = client.logIn("Bob")
        #expect(client.failure(other) == .hasName)
        let out = client.call { $0.logOut($1, at: $2) }
        #expect(client.sentTexts() == [#"{"type":"logout"}"#])
        client.hear(#"{"type":"logged_out","username":"Ada","value":true}"#)
        #expect(client.answers[out] == .success(.done))
        client.logIn("Bob")
        #expect(client.sentTexts() == [#"{"type":"login","username":"Bob"}"#])
    }
}
