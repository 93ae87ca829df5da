import ChatCore
import Testing

@Suite struct LivenessTests {
    private let policy = Liveness.Policy(pingInterval: .seconds(25), pongTimeout: .seconds(8))
    private let start = Instant(nanoseconds: 0)

    private func at(_ seconds: Double) -> Instant { start + .seconds(seconds) }

    @Test func `a silent client is pinged, then given up`() {
        var liveness = Liveness(now: start)
        #expect(liveness.due(policy) == at(25))
        #expect(liveness.fire(now: at(24.9), policy) == .nothing)
        #expect(liveness.fire(now: at(25), policy) == .ping)
        #expect(liveness.due(policy) == at(33))
        #expect(liveness.fire(now: at(32.9), policy) == .nothing)
        guard case .close(.noPong, _) = liveness.fire(now: at(33), policy) else {
            Issue.record("not given up")
            return
        }
    }

    @Test func `any byte answers a ping, and puts the next one off`() {
        var liveness = Liveness(now: start)
        #expect(liveness.fire(now: at(25), policy) == .ping)
        liveness.heard(midMessage: false, now: at(30))
        #expect(liveness.due(policy) == at(55))
        #expect(liveness.fire(now: at(40), policy) == .nothing)
        #expect(liveness.fire(now: at(55), policy) == .ping)
    }

    @Test func `a message that is dribbled is cut off after ten seconds`() {
        var liveness = Liveness(now: start)
        for second in 1...10 {
            liveness.heard(midMessage: true, now: at(Double(second)))
            #expect(liveness.fire(now: at(Double(second)), policy) == .nothing)
        }
        #expect(liveness.due(policy) == at(11))
        guard case .close(.policyViolation, _) = liveness.fire(now: at(11), policy) else {
            Issue.record("not cut off")
            return
        }
    }

    @Test func `many messages, each read in two halves, are not one slow message`() {
        var liveness = Liveness(now: start)
        for second in 1...60 {
            liveness.messageEnded()
            liveness.heard(midMessage: true, now: at(Double(second)))
            #expect(liveness.fire(now: at(Double(second)), policy) == .nothing)
        }
    }

    @Test func `a socket that takes nothing is closed after thirty seconds`() {
        var liveness = Liveness(now: start)
        liveness.blocked(now: at(1))
        liveness.heard(midMessage: false, now: at(20))
        #expect(liveness.due(policy) == at(31))
        guard case .close(.tooSlow, _) = liveness.fire(now: at(31), policy) else {
            Issue.record("not closed")
            return
        }
        liveness.unblocked()
        #expect(liveness.fire(now: at(31), policy) == .nothing)
    }

    @Test func `a closing socket is cut: after two seconds, after five if the frame is stuck`() {
        var stuck = Liveness(now: start)
        stuck.closing(now: at(1))
        #expect(stuck.due(policy) == at(6))
        #expect(stuck.fire(now: at(5.9), policy) == .nothing)
        #expect(stuck.fire(now: at(6), policy) == .cut)

        var sent = Liveness(now: start)
        sent.closing(now: at(1))
        sent.lingering(now: at(1))
        #expect(sent.due(policy) == at(3))
        #expect(sent.fire(now: at(3), policy) == .cut)
    }
}
