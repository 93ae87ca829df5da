import ChatCore
import TestSupport
import Testing

@testable import ChatClient

/// What becomes of the messages of a client, however they are answered.
@Suite struct OutboxTests {
    private func chat(_ text: String, _ n: Int) -> String {
        #"{"type":"chat","room":"tea","value":"\#(text)","n":\#(n)}"#
    }

    @Test func `messages are numbered over all rooms, and each call gets its own receipt`() {
        var client = MachineHarness.inTea()
        let first = client.say("a")
        let second = client.say("b", in: "lobby")
        #expect(
            client.sentTexts() == [
                chat("a", 1), #"{"type":"chat","room":"lobby","value":"b","n":2}"#,
            ]
        )
        client.ack(1)
        client.ack(2)
        #expect(client.receipt(first)?.mid == "a.1")
        #expect(client.receipt(second)?.seq == 19)
        #expect(client.machine.outboxCount == 0)
    }

    @Test func `a second ack changes nothing, before and after the message's own chat`() {
        var client = MachineHarness.inTea()
        let call = client.say("a")
        client.ack(1)
        client.ack(1)
        client.chat(18)
        client.ack(1)
        #expect(client.receipt(call)?.mid == "a.1")
        #expect(client.seqs == [18])
        let next = client.say("b")
        #expect(client.sentTexts().last == chat("b", 2))
        #expect(client.answers[next] == nil)
    }

    @Test func `after a cut what has no answer is sent again under its numbers`() {
        var client = MachineHarness.inTea()
        let calls = ["a", "b", "c"].map { client.say($0) }
        client.ack(1)
        client.comeBack()
        #expect(client.sentTexts() == [#"{"type":"login","username":"Ada","session":"5f"}"#])
        client.granted(session: "60", resumed: true, acked: 2)
        #expect(client.sentTexts().filter { $0.contains("chat") } == [chat("b", 2), chat("c", 3)])
        client.hear(#"{"type":"ack","n":2,"room":"tea","mid":"a.2","dup":true}"#)
        #expect(client.receipt(calls[1]) == Receipt(mid: "a.2", seq: nil, timestampMs: nil))
        client.ack(3)
        #expect(client.receipt(calls[2])?.seq == 20)
        #expect(client.machine.outboxCount == 0)
    }

    @Test
    func `a login that is not resumed leaves what was sent unknown, and says the rest from 1`() {
        var client = MachineHarness.inTea()
        let sent = client.say("a")
        client.end(.lost)
        let waiting = client.say("b")
        client.pass(Limits.clientBackoffLast)
        client.open()
        _ = client.sentTexts()
        client.granted(session: "60", resumed: false)
        #expect(client.failure(sent) == .unknownOutcome)
        #expect(client.sentTexts().filter { $0.contains("chat") } == [chat("b", 1)])
        client.ack(1)
        #expect(client.receipt(waiting) != nil)
    }

    @Test func `resend brings everything from the number that is due, once all answers are there`()
    {
        var client = MachineHarness.inTea()
        let calls = ["a", "b", "c"].map { client.say($0) }
        _ = client.sentTexts()
        client.refuse(1, "unavailable", #","retry_ms":300"#)
        client.refuse(2, "resend", #","from":1"#)
        client.pass(.seconds(1))
        #expect(client.sentTexts() == [], "the third has no answer yet")
        client.refuse(3, "resend", #","from":1"#)
        // One goes first, to find out whether it is taken.
        #expect(client.sentTexts() == [chat("a", 1)])
        client.ack(1)
        #expect(client.sentTexts() == [chat("b", 2), chat("c", 3)])
        client.ack(2)
        client.ack(3)
        #expect(calls.allSatisfy { client.receipt($0) != nil })
    }

    @Test func `of the numbers before a resend no answer is awaited`() {
        var client = MachineHarness.inTea()
        for text in ["a", "b", "c"] { _ = client.say(text) }
        _ = client.sentTexts()
        client.ack(1)
        client.refuse(3, "resend", #","from":2"#)
        #expect(client.sentTexts() == [chat("b", 2)])
    }

    @Test(arguments: ["unavailable", "rate_limited"])
    func `a refusal for now is waited out for as long as the node says`(code: String) {
        var client = MachineHarness.inTea()
        let call = client.say("a")
        _ = client.sentTexts()
        client.refuse(1, code, #","retry_ms":700"#)
        #expect(client.wake == client.now + .milliseconds(700))
        client.pass(.milliseconds(699))
        #expect(client.sentTexts() == [])
        client.pass(.milliseconds(1))
        #expect(client.sentTexts() == [chat("a", 1)])
        client.ack(1)
        #expect(client.receipt(call) != nil)
    }

    @Test func `a message that is refused for good leaves its number to the next one`() {
        var client = MachineHarness.inTea()
        let bad = client.say("a")
        let good = client.say("b")
        _ = client.sentTexts()
        client.refuse(1, "forbidden")
        #expect(client.failure(bad) == .refused(code: "forbidden", message: "No"))
        client.refuse(2, "resend", #","from":1"#)
        #expect(client.sentTexts() == [chat("b", 1)])
        client.ack(1)
        #expect(client.receipt(good) != nil)
    }

    @Test func `after a loss of data the numbers go on from what the node knows`() {
        var client = MachineHarness.inTea()
        for n in 1...3 {
            _ = client.say("\(n)")
            client.ack(n)
        }
        _ = client.say("d")
        client.comeBack()
        _ = client.sentTexts()
        client.granted(session: "60", resumed: true, acked: 1)
        #expect(client.sentTexts().filter { $0.contains("chat") } == [chat("d", 2)])
    }

    @Test func `no more are on their way than the window holds, and none is refused a place twice`()
    {
        var client = MachineHarness.inTea()
        for index in 0..<Limits.clientOutboxMessages { _ = client.say("\(index)") }
        #expect(client.sentTexts().count == Limits.clientWindow)
        let tooMany = client.say("x")
        #expect(client.failure(tooMany) == .outboxFull)
        client.ack(1)
        #expect(client.sentTexts() == [chat("\(Limits.clientWindow)", Limits.clientWindow + 1)])
        let fits = client.say("y")
        #expect(client.answers[fits] == nil)
    }

    @Test func `a cancelled call takes back what was not sent, and nothing else`() {
        var client = MachineHarness.inTea()
        let sent = client.say("a")
        client.end(.lost)
        _ = client.sentTexts()
        let waiting = client.say("b")
        for call in [sent, waiting] {
            client.machine.cancel(CallNumber(call), at: client.now)
            client.take()
        }
        #expect(client.failure(sent) == .unknownOutcome)
        #expect(client.failure(waiting) == .cancelled)
        client.pass(Limits.clientBackoffLast)
        client.open()
        client.granted(session: "60", resumed: true, acked: 0)
        #expect(client.sentTexts().filter { $0.contains("chat") } == [chat("a", 1)])
    }

    @Test func `without a login nothing is said`() {
        var client = MachineHarness()
        client.start()
        let call = client.say("a")
        #expect(client.failure(call) == .notLoggedIn)
    }

    @Test func `a removal is numbered like a message`() {
        var client = MachineHarness.inTea()
        let call = client.call { machine, call, now in
            machine.remove(
                seq: 17,
                mid: "k.17",
                reason: "spam",
                in: "tea",
                call: call,
                at: now
            )
        }
        #expect(
            client.sentTexts() == [
                #"{"type":"remove","room":"tea","seq":17,"mid":"k.17","reason":"spam","n":1}"#
            ]
        )
        client.refuse(1, "not_found")
        #expect(client.failure(call) == .refused(code: "not_found", message: "No"))
    }
}
