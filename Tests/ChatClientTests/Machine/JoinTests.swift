import ChatCore
import TestSupport
import Testing

@testable import ChatClient

/// How a client asks for its rooms, and gives a room up before it is in it.
@Suite struct JoinTests {
    @Test func `a room that is left before it is joined is left when the answer comes`() {
        var client = MachineHarness.loggedIn()
        let call = client.join("tea")
        client.machine.leave("tea", at: client.now)
        client.take()
        #expect(client.failure(call) == .notJoined)
        #expect(client.sentTexts() == [#"{"type":"join","room":"tea"}"#])
        client.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17"}"#)
        #expect(client.sentTexts() == [#"{"type":"leave","room":"tea"}"#])
        #expect(client.events.isEmpty)
    }

    @Test func `a room that is wanted again meanwhile is joined anew when it has been left`() {
        var client = MachineHarness.loggedIn()
        let first = client.join("tea")
        client.leave("tea")
        let second = client.join("tea", history: 5)
        let third = client.join("tea")
        #expect(client.failure(first) == .notJoined && client.failure(third) == .alreadyJoined)
        #expect(client.sentTexts() == [#"{"type":"join","room":"tea"}"#])
        client.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17"}"#)
        #expect(
            client.sentTexts() == [
                #"{"type":"leave","room":"tea"}"#, #"{"type":"join","room":"tea","history":5}"#,
            ]
        )
        client.chat(18)
        client.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":18,"mid":"k.18"}"#)
        client.chat(19)
        #expect(client.answers[second] == .success(.done))
        #expect(client.seqs == [19])
    }

    @Test
    func `a room that is wanted again is joined over the next socket, and one that is not is not`()
    {
        var client = MachineHarness.loggedIn()
        for room in ["tea", "pub"] {
            _ = client.join(room)
            client.leave(room)
        }
        let call = client.join("tea")
        client.comeBack()
        client.granted(session: "60", resumed: true)
        #expect(
            client.sentTexts().filter { $0.contains("join") } == [#"{"type":"join","room":"tea"}"#]
        )
        client.leave("tea")
        #expect(client.failure(call) == .notJoined)
    }

    @Test func `a room is asked for when the node has said, over whichever socket`() {
        var client = MachineHarness.loggedIn()
        _ = client.join("tea")
        client.hear(#"{"type":"error","code":"unavailable","room":"tea","retry_ms":60000}"#)
        client.comeBack()
        client.granted(session: "60", resumed: true)
        client.pass(.seconds(60) - Limits.clientBackoffLast - .milliseconds(1))
        #expect(client.sentTexts().allSatisfy { !$0.contains("join") })
        client.pass(.milliseconds(1))
        #expect(client.sentTexts() == [#"{"type":"join","room":"tea"}"#])
    }
}
