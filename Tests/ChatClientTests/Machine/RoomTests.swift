import ChatCore
import TestSupport
import Testing

@testable import ChatClient

/// What a client hears of its rooms, and from where it goes on.
@Suite struct RoomTests {
    private func position(_ seq: UInt64, _ mid: String, epoch: String = "7") -> RoomPosition {
        RoomPosition(epoch: epoch, seq: seq, mid: mid)
    }

    @Test func `the rooms are joined right behind the login`() {
        var client = MachineHarness()
        client.start()
        client.logIn()
        let call = client.join("tea", history: 20)
        #expect(
            client.sentTexts() == [
                #"{"type":"login","username":"Ada"}"#,
                #"{"type":"join","room":"tea","history":20}"#,
            ]
        )
        client.granted()
        #expect(client.sentTexts() == [])
        client.hear(
            #"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17","count":2,"members":["Ada","Bob"]}"#
        )
        #expect(client.answers[call] == .success(.done))
        let presence = RoomPresence(count: 2, members: ["Ada", "Bob"])
        #expect(
            client.events == [
                .joined(
                    RoomJoined(position: position(17, "k.17"), continues: false, presence: presence)
                )
            ]
        )
    }

    @Test func `entries move the position, and nothing else does`() {
        var client = MachineHarness.inTea()
        client.chat(18)
        client.hear(#"{"type":"ack","n":9,"room":"tea","mid":"a.9","seq":30,"ts":5}"#)
        client.hear(#"{"type":"synced","room":"tea","seq":31}"#)
        client.hear(#"{"type":"chat","username":"ops","value":1,"room":"tea"}"#)
        client.hear(#"{"type":"presence","room":"tea","v":3,"count":1}"#)
        client.hear(#"{"type":"error","room":"tea","code":"unavailable","n":7}"#)
        #expect(client.machine.position(in: "tea") == position(18, "k.18"))
        client.hear(
            #"{"type":"removed","room":"tea","seq":19,"mid":"r.1","ts":6,"of":{"seq":18,"mid":"k.18"},"by":"Bob"}"#
        )
        #expect(client.machine.position(in: "tea") == position(19, "r.1"))
        client.hear(#"{"type":"reaction","room":"tea","seq":20,"mid":"q.1","x":[1]}"#)
        #expect(client.machine.position(in: "tea") == position(20, "q.1"))
        client.hear(#"{"type":"gap","room":"tea","from":21,"to":25}"#)
        #expect(client.machine.position(in: "tea") == position(20, "q.1"))
        client.chat(26)
        #expect(client.machine.position(in: "tea") == position(26, "k.26"))
        client.hear(#"{"type":"reset","room":"tea","epoch":"8","seq":25,"mid":"w.6"}"#)
        #expect(client.machine.position(in: "tea") == position(25, "w.6", epoch: "8"))
        let kinds = client.events.map { "\($0)".prefix { $0 != "(" } }
        #expect(
            kinds == [
                "chat", "synced", "chat", "presence", "removed", "other", "gap", "chat", "reset",
            ]
        )
    }

    @Test func `each way back begins at the position, and continues or says that it does not`() {
        var client = MachineHarness.inTea()
        client.chat(18)
        client.comeBack()
        client.granted(session: "60", resumed: true)
        #expect(
            client.sentTexts().last
                == #"{"type":"join","room":"tea","since":{"epoch":"7","seq":18,"mid":"k.18"}}"#
        )
        client.hear(
            #"{"type":"joined","room":"tea","epoch":"8","seq":18,"mid":"k.18","recovered":true}"#
        )
        #expect(
            client.events.last
                == .joined(
                    RoomJoined(
                        position: position(18, "k.18", epoch: "8"),
                        continues: true,
                        presence: nil
                    )
                )
        )
        // Without any traffic, once more.
        client.comeBack()
        client.granted(session: "61", resumed: true)
        #expect(client.sentTexts().last?.contains(#""epoch":"8","seq":18"#) == true)
        client.hear(
            #"{"type":"joined","room":"tea","epoch":"9","seq":3,"mid":"z.3","recovered":false}"#
        )
        #expect(
            client.events.last
                == .joined(
                    RoomJoined(
                        position: position(3, "z.3", epoch: "9"),
                        continues: false,
                        presence: nil
                    )
                )
        )
    }

    @Test func `a replay that is cut in the middle goes on from the last message that came`() {
        var client = MachineHarness.inTea()
        client.comeBack()
        client.granted(session: "60", resumed: true)
        client.hear(
            #"{"type":"joined","room":"tea","epoch":"7","seq":17,"mid":"k.17","recovered":true}"#
        )
        client.chat(18)
        client.chat(19)
        client.comeBack()
        client.granted(session: "61", resumed: true)
        #expect(client.sentTexts().last?.contains(#""seq":19,"mid":"k.19""#) == true)
        #expect(client.seqs == [18, 19])
    }

    @Test(arguments: [18, 20])
    func `an entry that does not come next is not taken, and the room is joined again`(seq: Int) {
        var client = MachineHarness.inTea()
        client.chat(18)
        client.chat(seq)
        #expect(
            client.sentTexts() == [
                #"{"type":"leave","room":"tea"}"#,
                #"{"type":"join","room":"tea","since":{"epoch":"7","seq":18,"mid":"k.18"}}"#,
            ]
        )
        client.chat(19)
        client.hear(
            #"{"type":"joined","room":"tea","epoch":"7","seq":18,"mid":"k.18","recovered":true}"#
        )
        client.chat(19)
        #expect(client.seqs == [18, 19])
    }

    @Test func `after leaving, nothing of the room is heard until it is joined again`() {
        var client = MachineHarness.inTea()
        client.machine.leave("tea", at: client.now)
        client.take()
        #expect(client.sentTexts() == [#"{"type":"leave","room":"tea"}"#])
        #expect(client.finished == [nil])
        client.chat(18)
        _ = client.join("tea")
        #expect(client.sentTexts() == [#"{"type":"join","room":"tea"}"#])
        client.chat(19)
        client.hear(#"{"type":"reset","room":"tea","epoch":"8","seq":3,"mid":"w.6"}"#)
        #expect(client.events.isEmpty)
        client.hear(#"{"type":"joined","room":"tea","epoch":"8","seq":20,"mid":"k.20"}"#)
        client.chat(21)
        #expect(client.seqs == [21])
    }

    @Test
    func `a join that is refused for now is tried again, one that is refused for good is not`() {
        var client = MachineHarness.loggedIn()
        let call = client.join("tea")
        _ = client.sentTexts()
        client.hear(#"{"type":"error","code":"unavailable","room":"tea","retry_ms":400}"#)
        #expect(client.wake == client.now + .milliseconds(400))
        client.pass(.milliseconds(400))
        #expect(client.sentTexts() == [#"{"type":"join","room":"tea"}"#])
        client.hear(#"{"type":"error","value":"Full","code":"too_long","room":"tea"}"#)
        #expect(client.failure(call) == .refused(code: "too_long", message: "Full"))
        client.pass(.seconds(60))
        #expect(client.sentTexts().allSatisfy { $0.contains("ping") })
    }

    @Test func `a room whose reader is too slow is left, and joined again where the client stood`()
    {
        var client = MachineHarness.inTea()
        client.chat(18)
        client.machine.stepOut(of: "tea", at: client.now)
        client.take()
        #expect(client.sentTexts() == [#"{"type":"leave","room":"tea"}"#])
        client.chat(19)
        client.comeBack()
        client.granted(session: "60", resumed: true)
        #expect(client.sentTexts().allSatisfy { !$0.contains("join") })
        client.machine.goBack(to: "tea", at: client.now)
        client.take()
        #expect(client.sentTexts().last?.contains(#""seq":18,"mid":"k.18""#) == true)
        #expect(client.seqs == [18])
    }

    @Test func `who is present is kept up to date`() {
        var client = MachineHarness.inTea()
        func last() -> RoomPresence? {
            guard case .presence(let presence)? = client.events.last else { return nil }
            return presence
        }
        client.hear(
            #"{"type":"presence","room":"tea","v":13,"members":["Ada","Bob"],"count":2}"#
        )
        #expect(last() == RoomPresence(count: 2, members: ["Ada", "Bob"]))
        client.hear(
            #"{"type":"presence","room":"tea","v":14,"joined":["Cleo"],"left":["Bob"],"count":2}"#
        )
        #expect(last()?.members == ["Ada", "Cleo"])
        #expect(last()?.left == ["Bob"])
        client.hear(#"{"type":"presence","room":"tea","v":340,"count":201}"#)
        #expect(last() == RoomPresence(count: 201, members: nil))
        // Numbers that begin anew are no older news.
        client.hear(#"{"type":"presence","room":"tea","v":1,"members":["Ada"],"count":1}"#)
        #expect(last()?.members == ["Ada"])
    }

    @Test func `typing is sent now and then, and its refusal concerns nothing`() {
        var client = MachineHarness.inTea()
        for _ in 0..<3 {
            client.machine.typing(in: "tea", at: client.now)
            client.take()
        }
        let request = #"{"type":"typing","room":"tea","id":"typing"}"#
        #expect(client.sentTexts() == [request])
        client.hear(#"{"type":"error","code":"unknown_type","room":"tea","id":"typing"}"#)
        client.pass(Limits.clientTypingInterval)
        client.machine.typing(in: "tea", at: client.now)
        client.take()
        #expect(client.sentTexts() == [request])
        client.hear(#"{"type":"typing","room":"tea","users":["Bob"]}"#)
        #expect(client.events == [.typing(["Bob"])])
    }

    @Test func `what a frame of the lobby leaves out is the lobby`() {
        var client = MachineHarness.loggedIn()
        _ = client.join("lobby")
        client.hear(#"{"type":"joined","room":"lobby","epoch":"7","seq":1,"mid":"k.1"}"#)
        client.hear(
            #"{"type":"chat","username":"B","value":"x","seq":2,"ts":5,"mid":"k.2","new":[{}]}"#
        )
        #expect(client.seqs == [2])
    }
}

extension RoomPresence {
    fileprivate init(count: Int, members: [String]?) {
        self.init(count: count, members: members, joined: [], left: [])
    }
}
