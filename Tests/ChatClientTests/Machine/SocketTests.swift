import ChatCore
import TestSupport
import Testing

@testable import ChatClient

/// How a client comes back, moves, and ends.
@Suite struct SocketTests {
    @Test(arguments: [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003])
    func `after these codes a client stays away`(code: UInt16) {
        var client = MachineHarness.inTea()
        let call = client.say("a")
        let end = ConnectionEnd.closed(CloseCode(rawValue: code), reason: "")
        client.end(end)
        client.pass(.seconds(60))
        #expect(client.opened.count == 1)
        #expect(client.failure(call) == .unknownOutcome)
        #expect(client.finished == [.ended(end)])
        #expect(client.reports.last == .ended(end))
        #expect(client.ends == 1)
        let late = client.join("x")
        #expect(client.failure(late) == .ended(end))
    }

    @Test(
        arguments: [
            .lost, .cut, .closed(nil, reason: ""), .closed(.goingAway, reason: ""),
            .closed(.restart, reason: ""), .closed(.tryAgainLater, reason: ""),
            .closed(.tooSlow, reason: ""), .closed(.noPong, reason: ""),
            .closed(CloseCode(rawValue: 1011), reason: ""),
            .handshake(.refused(status: 503, body: "")), .unreachable("refused"),
        ] as [ConnectionEnd]
    )
    func `after any other end it comes back`(end: ConnectionEnd) {
        var client = MachineHarness.inTea()
        client.end(end)
        client.pass(Limits.clientBackoffFirst)
        #expect(client.opened.count == 2)
    }

    @Test func `a client does not come back to a server that does not speak its dialect`() {
        var client = MachineHarness.inTea()
        client.end(.lost)
        client.pass(Limits.clientBackoffFirst)
        client.end(.handshake(.notWebSocket("the server does not speak chat.v1")))
        client.pass(.seconds(60))
        #expect(client.opened.count == 2 && client.ends == 1)
    }

    @Test func `after flooding the first wait is drawn below the longest bound`() {
        let waits = (0..<64).map { seed -> Duration in
            var client = MachineHarness.loggedIn()
            client.machine.random = SplitMix(seed: UInt64(seed))
            client.end(.closed(.flooding, reason: ""))
            guard case .interrupted(_, let wait)? = client.reports.last else { return .zero }
            client.pass(wait)
            return client.opened.count == 2 ? wait : .zero
        }
        #expect(waits.max().map { $0 > Limits.clientBackoffLast / 2 } == true)
    }

    @Test func `the waits are drawn below a bound that doubles, and begins anew after a login`() {
        var longest: [Duration] = []
        for seed in 0..<64 {
            var client = MachineHarness.loggedIn()
            client.machine.random = SplitMix(seed: UInt64(seed))
            for attempt in 0..<9 {
                client.end(.lost)
                guard case .interrupted(_, let wait)? = client.reports.last else { continue }
                if longest.count == attempt { longest.append(.zero) }
                longest[attempt] = max(longest[attempt], wait)
                client.pass(wait)
                #expect(client.opened.count == attempt + 2)
                // A socket that opens says nothing yet: its node may be without Redis.
                client.open()
            }
            client.granted(session: "60", resumed: true)
            client.end(.lost)
            guard case .interrupted(_, let wait)? = client.reports.last else { continue }
            #expect(wait <= Limits.clientBackoffFirst)
        }
        var bound = Limits.clientBackoffFirst
        for wait in longest {
            #expect(wait <= bound && wait > bound / 2)
            bound = min(bound * 2, Limits.clientBackoffLast)
        }
    }

    @Test func `the first attempt that fails ends the client`() {
        var client = MachineHarness()
        let call = client.call { $0.start($1, at: $2) }
        client.end(.unreachable("refused"))
        #expect(client.failure(call) == .ended(.unreachable("refused")))
        client.pass(.seconds(60))
        #expect(client.opened.count == 1)
    }

    @Test func `a node that leaves is left over a second socket, on which everything goes on`() {
        var client = MachineHarness.inTea()
        let old = client.socket
        let call = client.say("a")
        client.hear(#"{"type":"reconnect","within_ms":4000,"reason":"drain"}"#)
        client.pass(.seconds(2))
        #expect(client.opened.count == 2)
        client.chat18(on: old)
        _ = client.sentTexts()
        client.open()
        var sent = client.sentTexts()
        #expect(sent.first == #"{"type":"login","username":"Ada","session":"5f"}"#)
        // What the old socket still brings comes again over the new one.
        client.hear(
            #"{"type":"chat","username":"B","value":1,"room":"tea","seq":19,"mid":"k.19"}"#,
            on: old
        )
        #expect(client.closed == [])
        client.granted(session: "60", resumed: true)
        #expect(client.closed == [old])
        sent += client.sentTexts()
        #expect(sent.contains { $0.contains(#""since":{"epoch":"7","seq":18,"mid":"k.18"}"#) })
        #expect(sent.contains { $0.contains(#""value":"a","n":1"#) })
        client.end(.closed(.replaced, reason: ""), old)
        client.ack(1)
        #expect(client.receipt(call) != nil)
        #expect(client.seqs == [18])
    }

    @Test func `a second socket that cannot be opened does no harm`() {
        var client = MachineHarness.inTea()
        let old = client.socket
        client.hear(#"{"type":"reconnect","within_ms":0,"reason":"drain"}"#)
        client.pass(.milliseconds(1))
        client.end(.unreachable("refused"))
        #expect(!client.reports.contains { if case .interrupted = $0 { true } else { false } })
        client.chat18(on: old)
        #expect(client.seqs == [18])
        client.end(.closed(.restart, reason: ""), old)
        client.pass(Limits.clientBackoffFirst)
        #expect(client.opened.count == 3)
        client.open()
        #expect(client.sentTexts().first?.contains("login") == true)
    }

    @Test func `silence is asked about, and a node that does not answer is left`() {
        var client = MachineHarness.inTea()
        client.pass(Limits.pingInterval - .milliseconds(1))
        #expect(client.sentTexts() == [])
        client.pass(.milliseconds(1))
        #expect(client.sentTexts() == [#"{"type":"ping"}"#])
        client.hear(#"{"type":"pong"}"#)
        client.pass(Limits.pongTimeout)
        #expect(client.cut.isEmpty)
        client.pass(Limits.pingInterval)
        client.pass(Limits.pongTimeout)
        #expect(client.cut == [client.socket])
    }

    @Test func `a client that was asleep does not wait to come back`() {
        var client = MachineHarness.inTea()
        client.end(.closed(.flooding, reason: ""))
        client.sleep(.milliseconds(1))
        #expect(client.opened.count == 2)
    }

    @Test func `after a short sleep the node is asked at once`() {
        var client = MachineHarness.inTea()
        client.sleep(.seconds(6))
        #expect(client.sentTexts() == [#"{"type":"ping"}"#])
        #expect(client.wake == client.now + Limits.pongTimeout)
        client.pass(Limits.pongTimeout)
        #expect(client.cut == [client.socket])
        client.end(.cut)
        client.pass(Limits.clientBackoffFirst)
        #expect(client.opened.count == 2)
    }

    @Test func `a client that is not read says nothing about silence`() {
        var client = MachineHarness.inTea()
        client.machine.reading(isPaused: true, at: client.now)
        client.take()
        client.pass(.seconds(3600))
        #expect(client.sentTexts() == [] && client.cut.isEmpty)
        client.machine.reading(isPaused: false, at: client.now)
        client.take()
        client.pass(Limits.pingInterval - .milliseconds(1))
        #expect(client.sentTexts() == [])
    }

    @Test func `an answer that does not come ends the socket, unless the node is without Redis`() {
        for isDegraded in [false, true] {
            var client = MachineHarness.inTea()
            _ = client.say("a")
            if isDegraded { client.hear(#"{"type":"status","value":"degraded"}"#) }
            for _ in 0..<31 {
                client.pass(.seconds(1))
                client.hear(#"{"type":"pong"}"#)
            }
            #expect(client.cut.isEmpty == isDegraded)
            guard isDegraded else { continue }
            client.hear(#"{"type":"status","value":"ok"}"#)
            #expect(client.cut.isEmpty)
            #expect(client.reports.suffix(2) == [.degraded, .recovered])
        }
    }

    @Test func `closing gives the name back, and fails what waits`() {
        var client = MachineHarness.inTea()
        let message = client.say("a")
        _ = client.sentTexts()
        let call = client.call { $0.close($1, at: $2) }
        #expect(client.sentTexts() == [#"{"type":"logout"}"#])
        #expect(client.failure(message) == .unknownOutcome)
        #expect(client.finished == [nil])
        client.hear(#"{"type":"logged_out","username":"Ada","value":true}"#)
        #expect(client.closed == [client.socket])
        #expect(client.answers[call] == nil)
        client.end(.closed(.normal, reason: ""))
        #expect(client.answers[call] == .success(.done) && client.ends == 1)
        client.pass(.seconds(60))
        #expect(client.opened.count == 1)
    }

    @Test func `closing does not wait for a node that says nothing`() {
        var client = MachineHarness.inTea()
        _ = client.call { $0.close($1, at: $2) }
        client.pass(Limits.closeTimeout)
        #expect(client.closed == [client.socket])
    }
}

extension MachineHarness {
    fileprivate mutating func chat18(on socket: SocketNumber) {
        hear(
            #"{"type":"chat","username":"B","value":1,"room":"tea","seq":18,"mid":"k.18"}"#,
            on: socket
        )
    }
}
