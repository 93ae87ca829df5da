import ChatCore
import TestSupport
import Testing

@testable import ChatClient

/// How a client reads older messages of its rooms.
@Suite struct HistoryTests {
    private func position(_ seq: UInt64, _ mid: String) -> RoomPosition {
        RoomPosition(epoch: "7", seq: seq, mid: mid)
    }
    private let empty = #"{"type":"history","room":"tea","items":[],"more":false}"#
    private let page = ClientMachine.Answer.page(
        RoomHistoryPage(items: [], firstSeq: nil, hasMore: false)
    )
    private let leave = #"{"type":"leave","room":"tea"}"#

    @Test func `older messages are read one page at a time, and again after a refusal`() {
        var client = MachineHarness.inTea()
        let first = client.call {
            $0.readHistory(of: "tea", before: 17, limit: 50, call: $1, at: $2)
        }
        let second = client.call {
            $0.readHistory(of: "tea", before: nil, limit: nil, call: $1, at: $2)
        }
        let request =
            #"{"type":"history","room":"tea","before":17,"limit":50,"id":"h\#(first)"}"#
        #expect(client.sentTexts() == [request])
        client.hear(
            #"{"type":"error","code":"unavailable","room":"tea","id":"h\#(first)","retry_ms":100}"#
        )
        client.hear(
            #"{"type":"history","room":"tea","items":[],"more":false}"#
        )
        #expect(
            client.answers[second]
                == .success(.page(RoomHistoryPage(items: [], firstSeq: nil, hasMore: false)))
        )
        client.pass(.milliseconds(100))
        #expect(client.sentTexts().last == request)
        client.hear(
            #"{"type":"history","room":"tea","items":[{"type":"chat","username":"Bob","value":1,"room":"tea","seq":15,"ts":5,"mid":"k.15"},{"type":"removed","room":"tea","seq":16,"ts":5,"mid":"k.16"}],"more":true}"#
        )
        guard case .success(.page(let page))? = client.answers[first] else {
            Issue.record("\(client.answers)")
            return
        }
        #expect(page.items.count == 2 && page.firstSeq == 15 && page.hasMore)
        #expect(client.events.isEmpty)
        #expect(client.machine.position(in: "tea") == position(17, "k.17"))
    }

    @Test
    func `a reader that is behind and asks for older messages gets them, and goes on after that`() {
        var client = MachineHarness.inTea()
        client.stepOut(of: "tea")
        #expect(client.sentTexts() == [leave])
        let call = client.readHistory(of: "tea")
        #expect(client.sentTexts() == [#"{"type":"join","room":"tea"}"#])
        client.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":90,"mid":"k.90"}"#)
        client.chat(91)
        #expect(client.sentTexts() == [#"{"type":"history","room":"tea","id":"h\#(call)"}"#])
        client.hear(empty)
        #expect(client.answers[call] == .success(page))
        #expect(client.sentTexts() == [leave])
        #expect(client.events.isEmpty)
        client.machine.goBack(to: "tea", at: client.now)
        client.take()
        #expect(
            client.sentTexts() == [
                #"{"type":"join","room":"tea","since":{"epoch":"7","seq":17,"mid":"k.17"}}"#
            ]
        )
    }

    @Test func `a room is not left before the older messages that were asked for have come`() {
        var client = MachineHarness.inTea()
        let call = client.readHistory(of: "tea")
        client.stepOut(of: "tea")
        client.chat(18)
        #expect(client.sentTexts() == [#"{"type":"history","room":"tea","id":"h\#(call)"}"#])
        #expect(client.events.isEmpty)
        client.hear(empty)
        #expect(client.answers[call] == .success(page))
        #expect(client.sentTexts() == [leave])
    }

    @Test
    func `a reader that catches up while its room is joined for older messages is back in it`() {
        var client = MachineHarness.inTea()
        client.stepOut(of: "tea")
        _ = client.readHistory(of: "tea")
        client.machine.goBack(to: "tea", at: client.now)
        client.take()
        _ = client.sentTexts()
        client.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":90,"mid":"k.90"}"#)
        #expect(
            client.sentTexts() == [
                leave, #"{"type":"join","room":"tea","since":{"epoch":"7","seq":17,"mid":"k.17"}}"#,
            ]
        )
        #expect(client.events.isEmpty)
    }

    @Test func `the page that was asked for before a room was left is not taken for a later one`() {
        var client = MachineHarness.inTea()
        let first = client.readHistory(of: "tea")
        client.leave("tea")
        #expect(client.failure(first) == .notJoined)
        _ = client.join("tea")
        client.hear(#"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17"}"#)
        let second = client.readHistory(of: "tea")
        client.hear(empty)
        #expect(client.answers[second] == nil)
        #expect(client.sentTexts().last == #"{"type":"history","room":"tea","id":"h\#(second)"}"#)
        client.hear(empty)
        #expect(client.answers[second] == .success(page))
    }

    @Test func `a page that is refused because the client has joined anew is asked for again`() {
        var client = MachineHarness.inTea()
        let call = client.readHistory(of: "tea")
        client.chat(20)
        client.hear(#"{"type":"error","code":"not_in_room","room":"tea","id":"h\#(call)"}"#)
        client.hear(
            #"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17","recovered":true}"#
        )
        _ = client.sentTexts()
        client.pass(Limits.clientBackoffFirst)
        #expect(client.sentTexts() == [#"{"type":"history","room":"tea","id":"h\#(call)"}"#])
        client.hear(empty)
        #expect(client.answers[call] == .success(page))
    }
}
