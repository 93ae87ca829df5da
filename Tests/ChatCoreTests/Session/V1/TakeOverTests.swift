import Testing

@testable import ChatCore

/// Logins that are taken over, and names that linger, on one node.
@Suite struct TakeOverTests {
    private let harness = V1Harness()
    private var node: TestNode { harness.node }

    private static let replaced =
        #"{"type":"logged_out","username":"Ada","value":true,"reason":"replaced"}"#

    private func login(_ session: String? = nil) -> (client: Int, session: String, resumed: String)
    {
        let client = node.open(.v1)
        let login = harness.login(client, session: session)
        return (client, login.session, login.resumed)
    }

    /// Says something, and returns whether it is acknowledged.
    private func say(_ n: Int, _ client: Int) -> Bool {
        node.says(client, #"{"type":"chat","value":\#(n),"n":\#(n)}"#)
        let heard = node.takeHeard(client)
        return heard.count == 1 && heard[0].hasPrefix(#"{"type":"ack","n":\#(n),"#)
    }

    /// Lets the time pass for which a name lingers.
    private func endLinger() {
        node.now = node.now + Limits.nameLinger
        node.ask { $0.tick(now: node.now, into: &$1) }
    }

    @Test func `a secret takes the name over, and the older socket is told and closed with 4001`() {
        let first = login()
        #expect(first.resumed == #"false,"acked":0"#)
        #expect(say(1, first.client))
        let second = login(first.session)
        #expect(second.resumed == #"true,"acked":1"#)
        #expect(second.session != first.session)
        #expect(node.takeHeard(first.client) == [Self.replaced])
        #expect(node.clients[first.client].closed == .replaced)
        #expect(node.clients[first.client].isFinished)
        // The numbers go on, over both.
        #expect(say(1, second.client))
        #expect(say(2, second.client))
        #expect(!say(4, second.client))
        #expect(node.takeRoom().count == 2)
    }

    @Test func `a name lingers after its socket is gone, for its user alone`() {
        let first = login()
        #expect(say(1, first.client))
        node.closes(first.client)
        #expect(node.clients[first.client].isFinished)
        let other = node.open()
        node.says(other, #"{"type":"login","username":"ada"}"#)
        #expect(node.takeHeard(other).first?.contains(#""value":"taken""#) == true)
        let second = login(first.session)
        #expect(second.resumed == #"true,"acked":1"#)
        // What ends for the first login means nothing to the second.
        endLinger()
        #expect(say(2, second.client))
        #expect(node.clients[second.client].closed == nil)
    }

    @Test func `after the linger the name is free, and its user's until another one comes`() {
        let first = login()
        #expect(say(1, first.client))
        node.closes(first.client)
        endLinger()
        #expect(node.client.nameCount == 0)
        let second = login(first.session)
        #expect(second.resumed == #"true,"acked":1"#)
        node.closes(second.client)
        endLinger()
        let other = node.open()
        node.says(other, #"{"type":"login","username":"ada"}"#)
        #expect(node.takeHeard(other).first?.contains("logged_in") == true)
        let late = node.open(.v1)
        node.says(late, #"{"type":"login","username":"ada","session":"\#(second.session)"}"#)
        #expect(node.takeHeard(late).first?.contains(#""value":"taken""#) == true)
        // A plain client's name is free at once, and nothing of it is left.
        node.closes(other)
        node.says(late, #"{"type":"login","username":"ada","session":"\#(second.session)"}"#)
        #expect(harness.loggedIn(late, "ada").resumed == #"false,"acked":0"#)
    }

    @Test func `a logout ends the login for good`() {
        let first = login()
        node.says(first.client, #"{"type":"logout"}"#)
        #expect(node.takeHeard(first.client).count == 1)
        #expect(login(first.session).resumed == #"false,"acked":0"#)
    }

    @Test func `the secret before works once its successor's socket is gone, again and again`() {
        let first = login()
        let lost = login(first.session)
        let third = node.open(.v1)
        node.says(third, #"{"type":"login","username":"Ada","session":"\#(first.session)"}"#)
        let refusal = node.takeHeard(third)
        #expect(refusal.first?.contains(#""value":"taken""#) == true)
        #expect(refusal.first?.contains(#""retry_ms":"#) == true)
        node.closes(lost.client)
        var last = login(first.session)
        #expect(last.resumed == #"true,"acked":0"#)
        node.closes(last.client)
        last = login(first.session)
        #expect(last.resumed == #"true,"acked":0"#)
        // The secret of the login that was dropped is not one any more.
        let dropped = node.open(.v1)
        node.says(dropped, #"{"type":"login","username":"Ada","session":"\#(lost.session)"}"#)
        #expect(node.takeHeard(dropped).first?.contains(#""value":"taken""#) == true)
    }

    @Test func `a change of name by a take-over leaves the former name its user's`() {
        let ada = login()
        #expect(say(1, ada.client))
        let bob = node.open(.v1)
        let secret = harness.login(bob, "Bob").session
        #expect(say(1, bob))
        // The second socket takes the first one's name, too.
        node.says(bob, #"{"type":"login","username":"Ada","session":"\#(ada.session)"}"#)
        #expect(harness.loggedIn(bob).resumed == #"true,"acked":1"#)
        #expect(node.takeHeard(ada.client) == [Self.replaced])
        let back = node.open(.v1)
        #expect(harness.login(back, "Bob", session: secret).resumed == #"true,"acked":1"#)
    }

    @Test func `a login again that waits does not cost the name its linger`() {
        let first = login()
        node.answersAtOnce = false
        node.says(first.client, #"{"type":"chat","value":1,"n":1}"#)
        node.says(first.client, #"{"type":"login","username":"Ada"}"#)
        node.says(first.client, #"{"type":"login","username":"Bob"}"#)
        node.closes(first.client)
        node.answerAll()
        #expect(node.client.nameCount == 1, "it lingers")
        node.answersAtOnce = true
        #expect(login(first.session).resumed == #"true,"acked":1"#)
    }

    @Test func `a text that is no secret is as good as none`() {
        let first = login()
        for text in ["", "x", first.session.uppercased(), first.session + "0"] {
            let client = node.open(.v1)
            node.says(client, #"{"type":"login","username":"Ada","session":"\#(text)"}"#)
            #expect(node.takeHeard(client).first?.contains(#""value":"taken""#) == true)
        }
        let client = node.open(.v1)
        node.says(client, #"{"type":"login","username":"Ada","session":7}"#)
        #expect(node.takeHeard(client).first?.contains(#""code":"bad_message""#) == true)
    }

    @Test func `a login again on the same socket tells no secret, and goes on`() {
        let first = login()
        #expect(say(1, first.client))
        node.says(first.client, #"{"type":"login","username":"ADA"}"#)
        #expect(
            node.takeHeard(first.client) == [
                #"{"type":"logged_in","username":"ADA","node":"n1","resumed":true,"acked":1,"#
                    + #""ping_ms":25000}"#
            ]
        )
        #expect(login(first.session).resumed == #"true,"acked":1"#)
    }

    @Test
    func
        `a socket that closes during its claim leaves a new name free, and a taken one its user's`()
    {
        node.answersAtOnce = false
        let first = node.open(.v1)
        node.says(first, #"{"type":"login","username":"Ada"}"#)
        node.closes(first)
        node.answerAll()
        #expect(node.clients[first].isFinished)
        #expect(node.client.nameCount == 0)
        node.answersAtOnce = true
        let second = login()
        node.closes(second.client)
        node.answersAtOnce = false
        let third = node.open(.v1)
        node.says(third, #"{"type":"login","username":"Ada","session":"\#(second.session)"}"#)
        node.closes(third)
        node.answerAll()
        #expect(node.client.nameCount == 1, "it lingers")
        node.answersAtOnce = true
        #expect(login(second.session).resumed == #"true,"acked":0"#)
    }

    @Test func `a login that was replaced unnoticed learns of it when its names are looked at`() {
        let first = login()
        node.isTold = false
        let second = login(first.session)
        #expect(node.takeHeard(first.client) == [])
        node.ask { client, _ in client.mayHaveMissedReplacements() }
        #expect(node.takeHeard(first.client) == [Self.replaced])
        #expect(node.clients[first.client].closed == .replaced)
        #expect(say(1, second.client))
    }

    @Test
    func `a login that was replaced unnoticed learns of it when it speaks, and nothing is said`() {
        let first = login()
        node.isTold = false
        let second = login(first.session)
        node.says(first.client, #"{"type":"chat","value":1,"n":1}"#)
        #expect(node.takeRoom() == [])
        #expect(node.takeHeard(first.client).contains(Self.replaced))
        #expect(node.clients[first.client].closed == .replaced)
        #expect(say(1, second.client))
    }

    @Test
    func `names that linger are given up when the node leaves, and none lingers from then on`() {
        let first = login()
        node.closes(first.client)
        #expect(node.client.nameCount == 1)
        let bob = node.open(.v1)
        _ = harness.login(bob, "Bob")
        node.ask { $0.leave(into: &$1) }
        #expect(node.client.nameCount == 1)
        node.closes(bob)
        #expect(node.client.nameCount == 0)
        #expect(node.client.releasingCount == 0)
        #expect(login(first.session).resumed == #"true,"acked":0"#)
    }
}
