import TestSupport
import Testing

@testable import ChatCore

/// A node's standing, with a clock turned by hand.
@Suite struct LeaseTests {
    /// A lease, what it has asked and said, and a clock.
    private final class Bench {
        var now = Instant(nanoseconds: 1_000_000_000)
        var random = SplitMix(seed: 11)
        var lease: Lease
        var calls: [Lease.Call] = []
        var said: [Lease.Effect] = []
        /// This process's own heartbeats.
        var ownCounter: UInt64 = 0
        let reign = Reign(epoch: 9, dataSet: "nine")

        init(isNewCluster: Bool = false) {
            lease = Lease(
                label: "n1",
                isNewCluster: isNewCluster,
                incarnation: Incarnation(using: &random)
            )
        }

        private func run(_ event: (inout Lease, inout [Lease.Effect]) -> Void) {
            var effects: [Lease.Effect] = []
            event(&lease, &effects)
            for effect in effects {
                if case .call(let call) = effect { calls.append(call) } else { said.append(effect) }
            }
        }

        func linkUp() { run { $0.linkUp(now: now, into: &$1) } }

        func answer(_ answer: Lease.Answer) {
            run { $0.answered(answer, now: now, using: &random, into: &$1) }
        }

        func wait(_ duration: Duration) {
            now = now + duration
            if lease.due <= now { run { $0.tick(now: now, using: &random, into: &$1) } }
        }

        func doubt(epoch: UInt64) { run { $0.doubted(epoch: epoch, now: now, into: &$1) } }

        func take() -> (calls: [Lease.Call], said: [Lease.Effect]) {
            defer {
                calls = []
                said = []
            }
            return (calls, said)
        }

        func roster(_ counters: [(Incarnation, Int)] = [], dead: [Incarnation] = []) -> Lease.Answer
        {
            ownCounter += 1
            let own = Roster.Beat(incarnation: lease.incarnation, counter: ownCounter)
            let others = counters.map { Roster.Beat(incarnation: $0.0, counter: UInt64($0.1)) }
            return .roster(.roster(Roster(beats: [own] + others, dead: dead)))
        }

        /// Whether a certificate has been asked for; forgets what was.
        func hasCertified() -> Bool {
            take().calls.contains { call in
                if case .certify = call { return true }
                return false
            }
        }

        func stand(isGrace: Bool = false, _ counters: [(Incarnation, Int)] = []) {
            linkUp()
            answer(.fence(.reign(reign, isGrace: isGrace)))
            answer(roster(counters))
            answer(roster(counters))
            _ = take()
        }

        /// Cut off, connected again, and not declared dead meanwhile: a heartbeat is enough.
        func comeBack(
            after cut: Duration,
            isGrace: Bool = false,
            _ counters: [(Incarnation, Int)] = []
        ) {
            lease.linkLost()
            now = now + cut
            linkUp()
            answer(.fence(.reign(reign, isGrace: isGrace)))
            answer(roster(counters))
            _ = take()
        }

        /// Renews once a second, with the others' counters as they are then.
        func live(for seconds: Int, _ counters: (Int) -> [(Incarnation, Int)]) {
            for second in 1...seconds {
                wait(.seconds(1))
                answer(roster(counters(second)))
            }
        }
    }

    @Test func `who finds its own heartbeats gone back comes back as another`() {
        let bench = Bench()
        bench.stand()
        bench.wait(Limits.renewInterval)
        bench.answer(bench.roster())
        let before = bench.lease.incarnation
        _ = bench.take()
        // Somebody has taken it off the list, others have put it back: it may have been dead.
        bench.ownCounter = 0
        bench.wait(Limits.renewInterval)
        bench.answer(bench.roster())
        #expect(bench.lease.incarnation != before)
        let (calls, said) = bench.take()
        #expect(said == [.horizon(.distantPast)])
        guard case .register(let call) = calls.last else {
            Issue.record("it has to register")
            return
        }
        #expect(call.incarnation == bench.lease.incarnation)
    }

    @Test func `it fences, registers, then proves its first heartbeat`() {
        let bench = Bench(isNewCluster: true)
        bench.linkUp()
        let fence = FenceCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
        #expect(bench.take().calls == [.fence(fence)])
        bench.answer(.fence(.reign(bench.reign, isGrace: false)))
        let me = bench.lease.incarnation
        let register = RegisterCall(reign: bench.reign, incarnation: me, label: "n1")
        #expect(bench.take().calls == [.register(register)])
        bench.answer(bench.roster())
        let standing = Standing(reign: bench.reign, incarnation: me, isGrace: false)
        var (calls, said) = bench.take()
        #expect(calls == [.renew(RenewCall(reign: bench.reign, incarnation: me))])
        #expect(said == [.stands(standing)])
        let sentAt = bench.now
        bench.now = bench.now + .milliseconds(300)
        bench.answer(bench.roster())
        (calls, said) = bench.take()
        // From before it was sent, not from its answer.
        #expect(said == [.horizon(sentAt + .milliseconds(5500))])
        #expect(bench.lease.due == sentAt + .seconds(1))
    }

    @Test func `that nobody has to be waited for is said on the first connection only`() {
        let bench = Bench(isNewCluster: true)
        bench.linkUp()
        bench.lease.linkLost()
        _ = bench.take()
        bench.linkUp()
        let fence = FenceCall(highestEpoch: 0, highestFence: 0, isNewCluster: false)
        #expect(bench.take().calls == [.fence(fence)])
    }

    @Test func `a grace is ended by whoever has seen all of it on its own clock`() {
        let bench = Bench()
        bench.stand(isGrace: true)
        #expect(bench.lease.standing?.isGrace == true)
        bench.live(for: 6) { _ in [] }
        #expect(!bench.take().calls.contains(.endGrace(bench.reign)))
        bench.wait(.milliseconds(500))
        #expect(bench.take().calls == [.endGrace(bench.reign)])
        bench.answer(.endGrace(true))
        #expect(bench.lease.standing?.isGrace == false)
        #expect(bench.take().said.count == 1)
    }

    @Test func `a connection that is cut does not make the grace begin anew`() {
        let bench = Bench()
        bench.stand(isGrace: true)
        bench.comeBack(after: .seconds(4), isGrace: true)
        bench.now = bench.now + .milliseconds(2500)
        #expect(bench.lease.due <= bench.now)
    }

    @Test func `an answer of another reign makes every name unsure and fences again`() {
        let bench = Bench()
        bench.stand()
        bench.wait(.seconds(1))
        _ = bench.take()
        bench.answer(.roster(.otherReign))
        let (calls, said) = bench.take()
        #expect(said == [.horizon(.distantPast)])
        let fence = FenceCall(
            highestEpoch: 9,
            highestDataSet: "nine",
            highestFence: 0,
            isNewCluster: false
        )
        #expect(calls == [.fence(fence)])
        bench.answer(.fence(.reign(Reign(epoch: 10, dataSet: "ten"), isGrace: true)))
        bench.answer(bench.roster())
        #expect(bench.lease.standing?.reign.epoch == 10)
    }

    @Test func `who was declared dead comes back as somebody else`() {
        let bench = Bench()
        bench.stand()
        let before = bench.lease.incarnation
        bench.wait(.seconds(1))
        bench.answer(.roster(.unregistered))
        #expect(bench.lease.incarnation != before)
        let (_, said) = bench.take()
        #expect(said.contains(.horizon(.distantPast)))
        bench.answer(bench.roster())
        #expect(bench.lease.standing?.incarnation == bench.lease.incarnation)
    }

    @Test func `who was declared dead while it was cut off comes back as another`() {
        let bench = Bench()
        bench.stand()
        let first = bench.lease.incarnation
        bench.lease.linkLost()
        bench.now = bench.now + .seconds(20)
        bench.linkUp()
        _ = bench.take()
        // Nothing but a heartbeat tells: all that was known of it may be gone by now.
        bench.answer(.fence(.reign(bench.reign, isGrace: false)))
        #expect(bench.take().calls == [.renew(RenewCall(reign: bench.reign, incarnation: first))])
        bench.answer(.roster(.unregistered))
        #expect(bench.lease.incarnation != first)
        let register = RegisterCall(
            reign: bench.reign,
            incarnation: bench.lease.incarnation,
            label: "n1"
        )
        let (calls, said) = bench.take()
        #expect(calls == [.register(register)])
        #expect(said == [.horizon(.distantPast)])
        #expect(bench.lease.standing == nil)
    }

    @Test func `who was cut off for a moment stands again with its next heartbeat`() {
        let bench = Bench()
        bench.stand()
        let standing = bench.lease.standing
        bench.lease.linkLost()
        bench.linkUp()
        bench.answer(.fence(.reign(bench.reign, isGrace: false)))
        #expect(bench.lease.standing == nil)
        _ = bench.take()
        bench.answer(bench.roster())
        #expect(bench.lease.standing == standing)
        #expect(bench.take().said.first == standing.map { .stands($0) })
    }

    @Test func `a heartbeat that is turned away after a cut is asked for again`() {
        let bench = Bench()
        bench.stand()
        bench.lease.linkLost()
        bench.linkUp()
        bench.answer(.fence(.reign(bench.reign, isGrace: false)))
        _ = bench.take()
        bench.answer(.refused)
        #expect(bench.lease.due == bench.now + Limits.renewInterval)
        bench.wait(Limits.renewInterval)
        #expect(bench.take().calls.count == 1)
    }

    @Test func `after a pause of its own, nothing is due that a tick does not settle`() {
        let bench = Bench()
        bench.stand(isGrace: false, [(other(1), 5)])
        // Its heartbeat is on its way, and others' leases have passed on its clock.
        bench.wait(.seconds(20))
        #expect(bench.take().calls.count == 1)
        #expect(bench.lease.due > bench.now)
    }

    @Test func `a heartbeat of who is somebody else by now proves nothing`() {
        let bench = Bench()
        bench.stand()
        bench.wait(.seconds(1))
        bench.doubt(epoch: 9)
        _ = bench.take()
        // The renewal is answered before the fence, in the order of the calls.
        bench.answer(bench.roster())
        #expect(bench.take().said.isEmpty)
    }

    @Test func `a doubt is looked into, and the standing told again though nothing has changed`() {
        let bench = Bench()
        bench.stand()
        bench.doubt(epoch: 4)
        bench.answer(.fence(.reign(bench.reign, isGrace: false)))
        bench.answer(bench.roster())
        let told = bench.take().said.contains { if case .stands = $0 { true } else { false } }
        #expect(told)
    }

    @Test func `a doubt carries the epoch that was met`() {
        let bench = Bench()
        bench.stand()
        bench.doubt(epoch: 30)
        let fence = FenceCall(highestEpoch: 30, highestFence: 0, isNewCluster: false)
        #expect(bench.take().calls == [.fence(fence)])
    }

    // MARK: Others

    private func other(_ seed: UInt64) -> Incarnation {
        var random = SplitMix(seed: seed)
        return Incarnation(using: &random)
    }

    @Test func `who does not move for a lease is certified dead, once, and reaped`() {
        let bench = Bench()
        let still = other(1)
        let moving = other(2)
        bench.stand(isGrace: false, [(still, 5), (moving, 1)])
        bench.live(for: 5) { [(still, 5), (moving, 1 + $0)] }
        #expect(!bench.hasCertified())
        bench.wait(.seconds(1))
        let certify = CertifyCall(
            reign: bench.reign,
            incarnation: bench.lease.incarnation,
            dead: .init(incarnation: still, counter: 5)
        )
        #expect(bench.take().calls.contains(.certify(certify)))
        bench.answer(bench.roster([(still, 5), (moving, 7)]))
        bench.answer(.certify(.certified))
        #expect(bench.take().said.contains(.reap(still)))
        // As long as it is being reaped, it is not reaped again.
        bench.wait(.seconds(1))
        bench.answer(bench.roster([(moving, 8)], dead: [still]))
        #expect(!bench.take().said.contains(.reap(still)))
        bench.lease.reaped(still)
        bench.wait(.seconds(1))
        bench.answer(bench.roster([(moving, 9)], dead: [still]))
        #expect(bench.take().said.contains(.reap(still)))
    }

    @Test func `after an outage every watch starts anew`() {
        let bench = Bench()
        let still = other(1)
        bench.stand(isGrace: false, [(still, 5)])
        bench.live(for: 5) { _ in [(still, 5)] }
        bench.comeBack(after: .seconds(30), [(still, 5)])
        bench.live(for: 5) { _ in [(still, 5)] }
        #expect(!bench.hasCertified())
    }

    @Test func `a watcher that was stopped itself starts anew`() {
        let bench = Bench()
        let still = other(1)
        bench.stand(isGrace: false, [(still, 5)])
        bench.live(for: 4) { _ in [(still, 5)] }
        _ = bench.take()
        bench.wait(.seconds(20))
        #expect(!bench.hasCertified())
        bench.answer(bench.roster([(still, 5)]))
        bench.live(for: 5) { _ in [(still, 5)] }
        #expect(!bench.hasCertified())
        bench.wait(.seconds(1))
        #expect(bench.hasCertified())
    }

    @Test func `another process is met when it has moved, and only once`() {
        let bench = Bench()
        let moving = other(2)
        bench.stand(isGrace: false, [(moving, 1)])
        bench.live(for: 3) { [(moving, 1 + $0)] }
        #expect(bench.take().said.filter { $0 == .met(moving) }.count == 1)
    }

    @Test func `newer data is not touched`() {
        let bench = Bench()
        bench.linkUp()
        bench.answer(.fence(.otherVersion(version: 2)))
        let (calls, said) = bench.take()
        #expect(said == [.otherVersion(version: 2)])
        #expect(calls.count == 1)
        #expect(bench.lease.standing == nil)
    }

    @Test func `the end of a grace that is turned away is asked for again, but not at once`() {
        let bench = Bench()
        bench.stand(isGrace: true)
        bench.live(for: 6) { _ in [] }
        bench.wait(.milliseconds(500))
        _ = bench.take()
        bench.answer(.refused)
        #expect(bench.lease.due > bench.now)
        bench.wait(.milliseconds(500))
        bench.answer(bench.roster())
        bench.wait(.milliseconds(500))
        #expect(bench.take().calls.contains(.endGrace(bench.reign)))
    }

    @Test func `a certificate that was turned away is made out again after another lease`() {
        let bench = Bench()
        let still = other(1)
        bench.stand(isGrace: false, [(still, 5)])
        bench.live(for: 5) { _ in [(still, 5)] }
        bench.wait(.seconds(1))
        #expect(bench.hasCertified())
        bench.answer(bench.roster([(still, 5)]))
        bench.answer(.refused)
        bench.live(for: 5) { _ in [(still, 5)] }
        #expect(!bench.hasCertified())
        bench.wait(.seconds(1))
        #expect(bench.hasCertified())
    }

    @Test func `who is turned away asks again after a while`() {
        let bench = Bench()
        bench.linkUp()
        _ = bench.take()
        bench.answer(.refused)
        #expect(bench.lease.due == bench.now + .seconds(1))
        bench.wait(.seconds(1))
        #expect(bench.take().calls.count == 1)
    }
}
