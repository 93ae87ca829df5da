import TestSupport
import Testing

@testable import ChatCore

/// A node's registration, with a clock turned by hand.
@Suite struct LeaseTests {
    /// A lease, what it has asked and said, and a clock.
    private final class LeaseHarness {
        var now = Instant(nanoseconds: 1_000_000_000)
        var random = SplitMix(seed: 11)
        var lease: Lease
        var calls: [Lease.Call] = []
        var said: [Lease.Effect] = []
        /// This process's own heartbeats.
        var ownCounter: UInt64 = 0
        let epoch = Epoch(number: 9, dataSet: "nine")

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

        func recheck(epoch: UInt64) { run { $0.recheck(epoch: epoch, now: now, into: &$1) } }

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
            let own = Roster.Heartbeat(incarnation: lease.incarnation, counter: ownCounter)
            let others = counters.map { Roster.Heartbeat(incarnation: $0.0, counter: UInt64($0.1)) }
            return .roster(.roster(Roster(heartbeats: [own] + others, dead: dead)))
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
            answer(.openEpoch(.epoch(epoch, isGrace: isGrace)))
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
            answer(.openEpoch(.epoch(epoch, isGrace: isGrace)))
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
        let harness = LeaseHarness()
        harness.stand()
        harness.wait(Limits.renewInterval)
        harness.answer(harness.roster())
        let before = harness.lease.incarnation
        _ = harness.take()
        // It was taken off the roster and put back: it may have been certified dead in between.
        harness.ownCounter = 0
        harness.wait(Limits.renewInterval)
        harness.answer(harness.roster())
        #expect(harness.lease.incarnation != before)
        let (calls, said) = harness.take()
        #expect(said == [.leaseExpiry(.distantPast)])
        guard case .register(let call) = calls.last else {
            Issue.record("it has to register")
            return
        }
        #expect(call.incarnation == harness.lease.incarnation)
    }

    @Test func `it opens the epoch, registers, then extends its lease by its first heartbeat`() {
        let harness = LeaseHarness(isNewCluster: true)
        harness.linkUp()
        let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: true)
        #expect(harness.take().calls == [.openEpoch(call)])
        harness.answer(.openEpoch(.epoch(harness.epoch, isGrace: false)))
        let me = harness.lease.incarnation
        let register = RegisterCall(epoch: harness.epoch, incarnation: me, label: "n1")
        #expect(harness.take().calls == [.register(register)])
        harness.answer(harness.roster())
        let registration = Registration(epoch: harness.epoch, incarnation: me, isGrace: false)
        var (calls, said) = harness.take()
        #expect(calls == [.renew(RenewCall(epoch: harness.epoch, incarnation: me))])
        #expect(said == [.registrationChanged(registration)])
        let sentAt = harness.now
        harness.now = harness.now + .milliseconds(300)
        harness.answer(harness.roster())
        (calls, said) = harness.take()
        // From before it was sent, not from its answer.
        #expect(said == [.leaseExpiry(sentAt + .milliseconds(5500))])
        #expect(harness.lease.due == sentAt + .seconds(1))
    }

    @Test func `that nobody has to be waited for is said on the first connection only`() {
        let harness = LeaseHarness(isNewCluster: true)
        harness.linkUp()
        harness.lease.linkLost()
        _ = harness.take()
        harness.linkUp()
        let call = OpenEpochCall(highestEpoch: 0, highestFence: 0, isNewCluster: false)
        #expect(harness.take().calls == [.openEpoch(call)])
    }

    @Test func `a grace is ended by whoever has seen all of it on its own clock`() {
        let harness = LeaseHarness()
        harness.stand(isGrace: true)
        #expect(harness.lease.registration?.isGrace == true)
        harness.live(for: 6) { _ in [] }
        #expect(!harness.take().calls.contains(.endGrace(harness.epoch)))
        harness.wait(.milliseconds(500))
        #expect(harness.take().calls == [.endGrace(harness.epoch)])
        harness.answer(.endGrace(true))
        #expect(harness.lease.registration?.isGrace == false)
        #expect(harness.take().said.count == 1)
    }

    @Test func `a connection that is cut does not make the grace begin anew`() {
        let harness = LeaseHarness()
        harness.stand(isGrace: true)
        harness.comeBack(after: .seconds(4), isGrace: true)
        harness.now = harness.now + .milliseconds(2500)
        #expect(harness.lease.due <= harness.now)
    }

    @Test func `an answer that names another epoch ends the lease and opens the epoch again`() {
        let harness = LeaseHarness()
        harness.stand()
        harness.wait(.seconds(1))
        _ = harness.take()
        harness.answer(.roster(.otherEpoch))
        let (calls, said) = harness.take()
        #expect(said == [.leaseExpiry(.distantPast)])
        let call = OpenEpochCall(
            highestEpoch: 9,
            highestDataSet: "nine",
            highestFence: 0,
            isNewCluster: false
        )
        #expect(calls == [.openEpoch(call)])
        harness.answer(.openEpoch(.epoch(Epoch(number: 10, dataSet: "ten"), isGrace: true)))
        harness.answer(harness.roster())
        #expect(harness.lease.registration?.epoch.number == 10)
    }

    @Test func `who was declared dead comes back as somebody else`() {
        let harness = LeaseHarness()
        harness.stand()
        let before = harness.lease.incarnation
        harness.wait(.seconds(1))
        harness.answer(.roster(.unregistered))
        #expect(harness.lease.incarnation != before)
        let (_, said) = harness.take()
        #expect(said.contains(.leaseExpiry(.distantPast)))
        harness.answer(harness.roster())
        #expect(harness.lease.registration?.incarnation == harness.lease.incarnation)
    }

    @Test func `who was declared dead while it was cut off comes back as another`() {
        let harness = LeaseHarness()
        harness.stand()
        let first = harness.lease.incarnation
        harness.lease.linkLost()
        harness.now = harness.now + .seconds(20)
        harness.linkUp()
        _ = harness.take()
        // Nothing but a heartbeat tells: all that was known of it may be gone by now.
        harness.answer(.openEpoch(.epoch(harness.epoch, isGrace: false)))
        #expect(
            harness.take().calls == [.renew(RenewCall(epoch: harness.epoch, incarnation: first))]
        )
        harness.answer(.roster(.unregistered))
        #expect(harness.lease.incarnation != first)
        let register = RegisterCall(
            epoch: harness.epoch,
            incarnation: harness.lease.incarnation,
            label: "n1"
        )
        let (calls, said) = harness.take()
        #expect(calls == [.register(register)])
        #expect(said == [.leaseExpiry(.distantPast)])
        #expect(harness.lease.registration == nil)
    }

    @Test func `who was cut off for a moment stands again with its next heartbeat`() {
        let harness = LeaseHarness()
        harness.stand()
        let registration = harness.lease.registration
        harness.lease.linkLost()
        harness.linkUp()
        harness.answer(.openEpoch(.epoch(harness.epoch, isGrace: false)))
        #expect(harness.lease.registration == nil)
        _ = harness.take()
        harness.answer(harness.roster())
        #expect(harness.lease.registration == registration)
        #expect(harness.take().said.first == registration.map { .registrationChanged($0) })
    }

    @Test func `a heartbeat that is turned away after a cut is asked for again`() {
        let harness = LeaseHarness()
        harness.stand()
        harness.lease.linkLost()
        harness.linkUp()
        harness.answer(.openEpoch(.epoch(harness.epoch, isGrace: false)))
        _ = harness.take()
        harness.answer(.refused)
        #expect(harness.lease.due == harness.now + Limits.renewInterval)
        harness.wait(Limits.renewInterval)
        #expect(harness.take().calls.count == 1)
    }

    @Test func `after a pause of its own, nothing is due that a tick does not settle`() {
        let harness = LeaseHarness()
        harness.stand(isGrace: false, [(other(1), 5)])
        // Its heartbeat is on its way, and others' leases have passed on its clock.
        harness.wait(.seconds(20))
        #expect(harness.take().calls.count == 1)
        #expect(harness.lease.due > harness.now)
    }

    @Test func `a heartbeat of who is somebody else by now proves nothing`() {
        let harness = LeaseHarness()
        harness.stand()
        harness.wait(.seconds(1))
        harness.recheck(epoch: 9)
        _ = harness.take()
        // The renewal is answered before the fence, in the order of the calls.
        harness.answer(harness.roster())
        #expect(harness.take().said.isEmpty)
    }

    @Test
    func `a doubt is looked into, and the registration told again though nothing has changed`() {
        let harness = LeaseHarness()
        harness.stand()
        harness.recheck(epoch: 4)
        harness.answer(.openEpoch(.epoch(harness.epoch, isGrace: false)))
        harness.answer(harness.roster())
        let told = harness.take().said.contains {
            if case .registrationChanged = $0 { true } else { false }
        }
        #expect(told)
    }

    @Test func `a doubt carries the epoch that was met`() {
        let harness = LeaseHarness()
        harness.stand()
        harness.recheck(epoch: 30)
        let call = OpenEpochCall(highestEpoch: 30, highestFence: 0, isNewCluster: false)
        #expect(harness.take().calls == [.openEpoch(call)])
    }

    // MARK: Others

    private func other(_ seed: UInt64) -> Incarnation {
        var random = SplitMix(seed: seed)
        return Incarnation(using: &random)
    }

    @Test func `who does not move for a lease is certified dead, once, and reaped`() {
        let harness = LeaseHarness()
        let still = other(1)
        let moving = other(2)
        harness.stand(isGrace: false, [(still, 5), (moving, 1)])
        harness.live(for: 5) { [(still, 5), (moving, 1 + $0)] }
        #expect(!harness.hasCertified())
        harness.wait(.seconds(1))
        let certify = CertifyCall(
            epoch: harness.epoch,
            incarnation: harness.lease.incarnation,
            dead: .init(incarnation: still, counter: 5)
        )
        #expect(harness.take().calls.contains(.certify(certify)))
        harness.answer(harness.roster([(still, 5), (moving, 7)]))
        harness.answer(.certify(.certified))
        #expect(harness.take().said.contains(.reap(still)))
        // As long as it is being reaped, it is not reaped again.
        harness.wait(.seconds(1))
        harness.answer(harness.roster([(moving, 8)], dead: [still]))
        #expect(!harness.take().said.contains(.reap(still)))
        harness.lease.reaped(still)
        harness.wait(.seconds(1))
        harness.answer(harness.roster([(moving, 9)], dead: [still]))
        #expect(harness.take().said.contains(.reap(still)))
    }

    @Test func `after an outage every failureDetector starts anew`() {
        let harness = LeaseHarness()
        let still = other(1)
        harness.stand(isGrace: false, [(still, 5)])
        harness.live(for: 5) { _ in [(still, 5)] }
        harness.comeBack(after: .seconds(30), [(still, 5)])
        harness.live(for: 5) { _ in [(still, 5)] }
        #expect(!harness.hasCertified())
    }

    @Test func `a watcher that was stopped itself starts anew`() {
        let harness = LeaseHarness()
        let still = other(1)
        harness.stand(isGrace: false, [(still, 5)])
        harness.live(for: 4) { _ in [(still, 5)] }
        _ = harness.take()
        harness.wait(.seconds(20))
        #expect(!harness.hasCertified())
        harness.answer(harness.roster([(still, 5)]))
        harness.live(for: 5) { _ in [(still, 5)] }
        #expect(!harness.hasCertified())
        harness.wait(.seconds(1))
        #expect(harness.hasCertified())
    }

    @Test func `another process is met when it has moved, and only once`() {
        let harness = LeaseHarness()
        let moving = other(2)
        harness.stand(isGrace: false, [(moving, 1)])
        harness.live(for: 3) { [(moving, 1 + $0)] }
        #expect(harness.take().said.filter { $0 == .met(moving) }.count == 1)
    }

    @Test func `newer data is not touched`() {
        let harness = LeaseHarness()
        harness.linkUp()
        harness.answer(.openEpoch(.otherVersion(version: 2)))
        let (calls, said) = harness.take()
        #expect(said == [.otherVersion(version: 2)])
        #expect(calls.count == 1)
        #expect(harness.lease.registration == nil)
    }

    @Test func `the end of a grace that is turned away is asked for again, but not at once`() {
        let harness = LeaseHarness()
        harness.stand(isGrace: true)
        harness.live(for: 6) { _ in [] }
        harness.wait(.milliseconds(500))
        _ = harness.take()
        harness.answer(.refused)
        #expect(harness.lease.due > harness.now)
        harness.wait(.milliseconds(500))
        harness.answer(harness.roster())
        harness.wait(.milliseconds(500))
        #expect(harness.take().calls.contains(.endGrace(harness.epoch)))
    }

    @Test func `a certificate that was turned away is made out again after another lease`() {
        let harness = LeaseHarness()
        let still = other(1)
        harness.stand(isGrace: false, [(still, 5)])
        harness.live(for: 5) { _ in [(still, 5)] }
        harness.wait(.seconds(1))
        #expect(harness.hasCertified())
        harness.answer(harness.roster([(still, 5)]))
        harness.answer(.refused)
        harness.live(for: 5) { _ in [(still, 5)] }
        #expect(!harness.hasCertified())
        harness.wait(.seconds(1))
        #expect(harness.hasCertified())
    }

    @Test func `who is turned away asks again after a while`() {
        let harness = LeaseHarness()
        harness.linkUp()
        _ = harness.take()
        harness.answer(.refused)
        #expect(harness.lease.due == harness.now + .seconds(1))
        harness.wait(.seconds(1))
        #expect(harness.take().calls.count == 1)
    }
}
