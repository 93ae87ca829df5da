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

    @Test func `after a cut what was not accepted is sent again under its numbers`() {
        var client = MachineHarness.inTea()
        let calls = ["a", "b", "c"].map { client.say($0) }
        client.ack(1)
        client.comeBack()
        #expect(client.sentTexts().allSatisfy { !$0.contains("chat") })
        client.granted(session: "60", resumed: true, acked: 2)
        #expect(client.receipt(calls[1]) == Receipt(mid: nil, seq: nil, timestampMs: nil))
        #expect(client.sentTexts().filter { $0.contains("chat") } == [chat("c", 3)])
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
        // One goes first, so that a node that refuses it is not sent the others.
        #expect(client.sentTexts() == [chat("a", 1)])
        client.pass(Limits.clientPace)
        #expect(client.sentTexts() == [chat("b", 2)])
        client.pass(Limits.clientPace)
        #expect(client.sentTexts() == [chat("c", 3)])
        client.ack(1)
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

    @Test
    func `messages that are acknowledged before an earlier one leave the numbers as they are`() {
        var client = MachineHarness.inTea()
        let first = client.say("a")
        for text in ["b", "c"] { _ = client.say(text) }
        client.ack(2)
        client.comeBack()
        _ = client.sentTexts()
        client.granted(session: "60", resumed: true, acked: 2)
        #expect(client.receipt(first) == Receipt(mid: nil, seq: nil, timestampMs: nil))
        #expect(client.sentTexts().filter { $0.contains("chat") } == [chat("c", 3)])
        #expect(client.machine.outboxCount == 1)
    }

    @Test func `what stands before an accepted number was accepted, over one socket as well`() {
        var client = MachineHarness.inTea()
        let first = client.say("a")
        for text in ["b", "c"] { _ = client.say(text) }
        _ = client.sentTexts()
        client.ack(2)
        client.refuse(3, "unavailable", #","retry_ms":10"#)
        client.refuse(1, "unavailable", #","retry_ms":10"#)
        #expect(client.receipt(first) != nil)
        client.pass(.milliseconds(10))
        #expect(client.sentTexts() == [chat("c", 3)])
    }

    @Test
    func `a message that was acknowledged out of turn is not told again when the client ends`() {
        var client = MachineHarness.inTea()
        let calls = ["a", "b"].map { client.say($0) }
        client.ack(2)
        client.end(.closed(.normal, reason: ""))
        #expect(client.failure(calls[0]) == .unknownOutcome)
        #expect(client.receipt(calls[1]) != nil)
    }

    @Test func `the pause that a node has asked for goes on over another socket`() {
        var client = MachineHarness.inTea()
        _ = client.say("a")
        client.refuse(1, "unavailable", #","retry_ms":60000"#)
        client.comeBack()
        client.granted(session: "60", resumed: true)
        client.pass(.seconds(60) - Limits.clientBackoffLast - .milliseconds(1))
        #expect(client.sentTexts().allSatisfy { !$0.contains("chat") })
        client.pass(.milliseconds(1))
        #expect(client.sentTexts() == [chat("a", 1)])
    }

    @Test func `after rate_limited messages leave more slowly, until all are said`() {
        var client = MachineHarness.inTea()
        for text in ["a", "b", "c"] { _ = client.say(text) }
        for pace in [Limits.clientPace, Limits.clientPace * 2] {
            client.pass(.seconds(1))
            for n in 1...3 {
                client.refuse(n, n == 1 ? "rate_limited" : "resend", #","from":1,"retry_ms":0"#)
            }
            _ = client.sentTexts()
            client.pass(pace - .milliseconds(1))
            #expect(client.sentTexts() == [])
            client.pass(.milliseconds(1))
            #expect(client.sentTexts() == [chat("b", 2)])
            client.pass(pace)
        }
        _ = client.sentTexts()
        for n in 1...3 { client.ack(n) }
        client.pass(.seconds(1))
        for text in ["d", "e"] { _ = client.say(text) }
        #expect(client.sentTexts() == [chat("d", 4), chat("e", 5)])
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
