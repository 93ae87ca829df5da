import TestSupport
import Testing

@testable import ChatCore

/// Tests one loop's client of the broker; each test makes the broker's answers itself.
@Suite struct BrokerClientTests {
    final class BrokerClientHarness: ClientLoop {
        var client = BrokerClient()
        let effects = EffectQueue<BrokerClient.Effect>()
        var random = SplitMix(seed: 5)
        var now = Instant(nanoseconds: 1_000_000_000)
        var calls: [BrokerCall] = []
        /// The answers that sessions were given, as text.
        var told: [String] = []
        /// The sockets told of accepted messages, each with the number told together.
        var settlements: [String] = []
        var doubts = 0
        var interests: [String] = []
        let incarnation: Incarnation
        let epoch = Epoch(number: 3, dataSet: "three")
        init(isLinked: Bool = true) {
            incarnation = Incarnation(using: &random)
            client.leaseExpiry = .distantFuture
            registrationChanged()
            ask { $0.opened(.lobby, at: Self.place(40, epoch: 3), into: &$1) }
            if isLinked { linkUp() }
        }

        func carryOut(_ effect: BrokerClient.Effect) {
            switch effect {
            case .call(let call): calls.append(call)
            case .tell(let socket, let answer): note(answer, socket.slot)
            case .recheckRegistration, .moderated: doubts += 1
            case .recheckRoom(let room): told.append("doubts \(room.text)")
            case .enterRoom(let room): interests.append("enter \(room.text)")
            case .leaveRoom(let room): interests.append("leave \(room.text)")
            }
        }

        /// Notes in words what a session is told.
        private func note(_ answer: BrokerClient.SessionAnswer, _ slot: Int32) {
            switch answer {
            case .claimed(.granted): told.append("\(slot) granted")
            case .claimed(.taken): told.append("\(slot) taken")
            case .claimed(.unavailable): told.append("\(slot) unavailable")
            case .claimed(.crowded(let wait)): told.append("\(slot) crowded \(wait)")
            case .claimed(.cancelled): told.append("\(slot) cancelled")
            case .released: told.append("\(slot) released")
            case .settled(.accepted(let place), let drafts):
                settlements.append("\(slot) × \(drafts.count)")
                for index in 0..<drafts.count {
                    let seq = place.advanced(by: index).seq
                    told.append("\(slot) accepted \(seq.map { "\($0)" } ?? "-")")
                }
            case .settled(.outOfOrder(let due), _): told.append("\(slot) expected \(due)")
            case .entered(let room, _): told.append("\(slot) entered \(room.text)")
            case .notEntered(let room, _): told.append("\(slot) not entered \(room.text)")
            case .settled(.refused, _): told.append("\(slot) refused")
            case .settled(.notRemoved, _): told.append("\(slot) not removed")
            case .settled(.lost, _): told.append("\(slot) lost")
            case .settled(.unknown, _): told.append("\(slot) unknown")
            case .nameLost(let name, let isReplaced):
                told.append("\(slot) \(isReplaced ? "replaced" : "lost") \(name.display)")
            case .stalled(true): told.append("\(slot) stalled")
            case .notBegun, .stalled: break
            }
        }

        /// Returns the position of a message of some other sender.
        static func place(_ seq: UInt64, epoch: UInt64 = 3) -> Position {
            guard let producer = ProducerID("stranger") else { preconditionFailure("a producer") }
            return Position(epoch: epoch, seq: seq, mid: MessageID(producer: producer, n: seq))
        }

        func registrationChanged(
            isGrace: Bool = false,
            epoch: UInt64 = 3,
            seen: [ProducerID: UInt64] = [:]
        ) {
            let epoch = Epoch(number: epoch, dataSet: "three")
            let registration = Registration(
                epoch: epoch,
                incarnation: incarnation,
                isGrace: isGrace
            )
            ask { $0.registrationChanged(registration, seen: seen, into: &$1) }
        }

        func linkUp() { ask { $0.linkUp(now: now, into: &$1) } }
        func linkLost() { ask { $0.linkLost("cut", now: now, into: &$1) } }
        /// Loses the link for longer than `Limits.relinkPatience`.
        func linkGone() {
            linkLost()
            now = now + Limits.relinkPatience
            tick()
        }
        func answer(_ answer: BrokerAnswer) { ask { $0.answered(answer, now: now, into: &$1) } }
        func tick() { ask { $0.tick(now: now, into: &$1) } }

        func id(_ slot: Int32) -> SocketID { SocketID(slot: slot, generation: 0) }

        func claim(_ slot: Int32, _ name: String) throws {
            let username = try Username(name)
            ask { $0.claim(username, for: id(slot), using: &random, now: now, into: &$1) }
        }

        func release(_ slot: Int32, _ name: String) throws {
            let username = try Username(name)
            ask { $0.release(username, for: id(slot), now: now, into: &$1) }
        }

        func say(_ slot: Int32, _ text: String, in room: RoomName = .lobby) {
            let draft = Draft(sender: id(slot), room: room, body: Array(text.utf8))
            ask { $0.publish(draft, now: now, into: &$1) }
        }

        func grant(fence: UInt64, n: UInt64 = 0, seq: UInt64 = 0) {
            guard let producer = ProducerID("abcdefgh") else { preconditionFailure("a producer") }
            verdict(.granted(Grant(fence: fence, producer: producer, n: n, seq: seq)))
        }

        /// Makes a socket hold a name under a fence.
        func hold(_ slot: Int32, _ name: String, fence: UInt64 = 7) throws {
            try claim(slot, name)
            grant(fence: fence)
            _ = takeCalls()
            told = []
        }

        func takeCalls() -> [BrokerCall] {
            defer { calls = [] }
            return calls
        }

        /// Returns and removes the messages of all publish calls, as `text.n/fence`.
        func takeSaid() -> [String] {
            takeCalls().flatMap { call -> [String] in
                guard case .publish(let call) = call else { return [] }
                return call.drafts.map {
                    "\(String(decoding: $0.draft.body, as: UTF8.self)).\($0.n)/\($0.fence)"
                }
            }
        }
    }

    // MARK: Names

    @Test func `a claim that is granted too late is released, and refused to its session`() throws {
        let harness = BrokerClientHarness()
        try harness.claim(1, "Ada")
        harness.client.leaseExpiry = harness.now
        _ = harness.takeCalls()
        harness.grant(fence: 7)
        #expect(harness.told == ["1 unavailable"])
        guard case .release = harness.takeCalls().first else {
            Issue.record("not given back")
            return
        }
    }

    @Test func `a claim whose answer got lost is asked again under the same login`() throws {
        let harness = BrokerClientHarness()
        try harness.claim(1, "Ada")
        let first = harness.takeCalls()
        harness.linkLost()
        #expect(harness.told.isEmpty)
        harness.linkUp()
        let second = harness.takeCalls()
        guard case .claims(let claim) = first.first, case .claims(let again) = second.first else {
            Issue.record("not asked again: \(second)")
            return
        }
        #expect(second.count == 1)
        #expect(again.claims == claim.claims && again.number > claim.number)
        harness.grant(fence: 7)
        #expect(harness.told == ["1 granted"])
    }

    @Test func `a login waits for a link that is back in a moment`() throws {
        let harness = BrokerClientHarness()
        harness.linkLost()
        harness.now = harness.now + (Limits.relinkPatience - .milliseconds(1))
        try harness.claim(1, "Ada")
        harness.tick()
        // An attempt to connect has failed.
        harness.linkLost()
        #expect(harness.told.isEmpty)
        harness.linkUp()
        #expect(harness.takeCalls().count == 1)
        harness.grant(fence: 7)
        #expect(harness.told == ["1 granted"])
    }

    @Test func `a message waits for a link that is back in a moment, and so does a change of name`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        try harness.hold(2, "Bea", fence: 8)
        harness.linkLost()
        harness.say(1, "a")
        try harness.claim(2, "Cleo")
        harness.tick()
        #expect(harness.told.isEmpty)
        harness.linkUp()
        harness.grant(fence: 9)
        #expect(harness.takeSaid() == ["a.1/7"])
        #expect(harness.told == ["2 granted"])
    }

    @Test func `however often the link is cut, a login is answered in time`() throws {
        let harness = BrokerClientHarness()
        try harness.claim(1, "Ada")
        let asked = harness.now
        while harness.told.isEmpty, harness.now <= asked + Limits.claimPatience {
            harness.linkLost()
            harness.now = harness.now + .milliseconds(300)
            harness.tick()
            harness.linkUp()
        }
        #expect(harness.told == ["1 unavailable"])
        #expect(harness.client.wanted.isEmpty)
        // One of the claims may have been granted.
        guard case .release(let release) = harness.takeCalls().last else {
            Issue.record("not given back")
            return
        }
        #expect(release.key == "ada")
    }

    @Test func `a claim that is refused after one without an answer is released`() throws {
        let harness = BrokerClientHarness()
        try harness.claim(1, "Ada")
        harness.linkLost()
        harness.linkUp()
        _ = harness.takeCalls()
        harness.answer(.refused(reason: "no memory"))
        #expect(harness.told == ["1 unavailable"])
        guard case .release = harness.takeCalls().last else {
            Issue.record("not given back")
            return
        }
    }

    @Test func `a claim made in another epoch is made again in the one that is announced`() throws {
        let harness = BrokerClientHarness()
        try harness.claim(1, "Ada")
        harness.answer(.claims(.otherEpoch))
        #expect(harness.doubts == 1)
        #expect(harness.told.isEmpty)
        _ = harness.takeCalls()
        harness.registrationChanged(epoch: 4)
        #expect(try harness.takeClaims().epoch.number == 4)
    }

    @Test func `a refused claim whose answer got lost is released as soon as the link is back`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.claim(1, "Ada")
        #expect(harness.client.mayHold(["ada", "bea"]) == [true, false])
        harness.linkGone()
        #expect(harness.told == ["1 unavailable"])
        #expect(harness.client.mayHold(["ada"]) == [true])
        _ = harness.takeCalls()
        harness.linkUp()
        guard case .release(let release) = harness.takeCalls().first else {
            Issue.record("not given back")
            return
        }
        #expect(release.key == "ada")
        harness.answer(.released)
        #expect(harness.client.mayHold(["ada"]) == [false])
        #expect(harness.told == ["1 unavailable"])
    }

    @Test func `without a broker a claim is refused at once, and a release answered at once`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.linkGone()
        try harness.claim(2, "Bea")
        try harness.release(1, "Ada")
        #expect(harness.told == ["2 unavailable", "1 released"])
        #expect(harness.takeCalls().isEmpty)
        harness.linkUp()
        #expect(harness.takeCalls().count == 1)
        harness.answer(.released)
        #expect(harness.told.count == 2)
        #expect(harness.client.releasing.isEmpty)
    }

    @Test func `in a grace a new login waits, and is asked again when it is over`() throws {
        let harness = BrokerClientHarness()
        harness.registrationChanged(isGrace: true)
        try harness.claim(1, "Ada")
        harness.verdict(.grace)
        #expect(harness.told.isEmpty)
        _ = harness.takeCalls()
        harness.registrationChanged()
        #expect(harness.takeCalls().count == 1)
        harness.grant(fence: 7)
        #expect(harness.told == ["1 granted"])
    }

    @Test func `a login does not wait for the end of a grace for ever`() throws {
        let harness = BrokerClientHarness()
        harness.registrationChanged(isGrace: true)
        try harness.claim(1, "Ada")
        harness.verdict(.grace)
        harness.now = harness.now + Limits.gracePatience
        harness.tick()
        #expect(harness.told == ["1 unavailable"])
        #expect(harness.client.wanted.isEmpty)
    }

    @Test func `in another epoch a name is claimed again before it is used again`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        harness.registrationChanged(isGrace: true, epoch: 4)
        harness.ask { client, effects in
            client.opened(.lobby, at: BrokerClientHarness.place(40, epoch: 4), into: &effects)
        }
        let call = try harness.takeClaims()
        #expect(call.claims.map(\.known) == [.init(fence: 7, n: 0, seq: 0, epoch: 3)])
        #expect(call.epoch.number == 4)
        harness.say(1, "a")
        #expect(harness.takeSaid() == [])
        harness.grant(fence: 9)
        #expect(harness.takeSaid() == ["a.1/9"])
    }

    @Test func `a held name is granted in another spelling, which is claimed again later`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        try harness.claim(1, "ADA")
        #expect(harness.told == ["1 granted"])
        #expect(harness.takeCalls().isEmpty)
        harness.registrationChanged(epoch: 4)
        harness.ask { client, effects in
            client.opened(.lobby, at: BrokerClientHarness.place(40, epoch: 4), into: &effects)
        }
        #expect(try harness.takeClaimAgain().username.display == "ADA")
        // While it is unknown whether the name is still held, the spelling stays.
        try harness.claim(1, "aDa")
        #expect(harness.told == ["1 granted", "1 unavailable"])
        harness.verdict(.lost)
        #expect(harness.told.last == "1 lost ADA")
    }

    @Test func `a session is told that its name has passed on, and that its messages are lost`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.registrationChanged(epoch: 4)
        harness.ask { client, effects in
            client.opened(.lobby, at: BrokerClientHarness.place(40, epoch: 4), into: &effects)
        }
        harness.say(1, "a")
        harness.verdict(.lost)
        #expect(harness.told == ["1 lost Ada", "1 lost"])
        #expect(harness.client.held.isEmpty)
        #expect(harness.takeSaid() == [])
    }

    @Test func `a registration that changes while a name is claimed again needs another claim`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        harness.registrationChanged(epoch: 4)
        _ = try harness.takeClaimAgain()
        harness.registrationChanged(epoch: 5)
        harness.grant(fence: 9)
        let call = try harness.takeClaims()
        #expect(call.epoch.number == 5)
        #expect(call.claims.map { $0.known?.fence } == [9])
    }

    @Test func `a change of name releases the old name under its own login`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        try harness.claim(1, "Bea")
        harness.grant(fence: 8)
        _ = harness.takeCalls()
        try harness.release(1, "Ada")
        guard case .release(let release) = harness.takeCalls().first else {
            Issue.record("nothing was given back")
            return
        }
        #expect(release.key == "ada")
        harness.answer(.released)
        harness.say(1, "b")
        #expect(harness.takeSaid() == ["b.1/8"])
    }

    @Test func `a call that was refused is made again at the next tick, not before`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.registrationChanged(epoch: 4)
        _ = harness.takeCalls()
        harness.answer(.refused(reason: "no memory"))
        #expect(harness.takeCalls().isEmpty)
        harness.tick()
        _ = try harness.takeClaimAgain()
        harness.grant(fence: 9)
        try harness.release(1, "Ada")
        harness.answer(.refused(reason: "no memory"))
        #expect(harness.told == ["1 released"])
        _ = harness.takeCalls()
        harness.tick()
        #expect(harness.takeCalls().count == 1)
    }

    // MARK: Messages

    @Test func `a room is published in once it is caught up in the current epoch`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.registrationChanged(epoch: 4)
        harness.grant(fence: 9)
        harness.say(1, "a")
        #expect(harness.takeSaid() == [])
        harness.ask { client, effects in
            client.opened(.lobby, at: BrokerClientHarness.place(41, epoch: 3), into: &effects)
        }
        #expect(harness.takeSaid() == [])
        harness.ask { client, effects in
            client.opened(.lobby, at: BrokerClientHarness.place(41, epoch: 4), into: &effects)
        }
        guard case .publish(let call) = harness.takeCalls().first else {
            Issue.record("nothing was published")
            return
        }
        #expect(call.position == BrokerClientHarness.place(41, epoch: 4))
    }

    @Test func `a call carries the newest position delivered here or known to be accepted`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        func position() -> Position? {
            guard case .publish(let call) = harness.takeCalls().first else { return nil }
            return call.position
        }
        harness.say(1, "a")
        #expect(position() == BrokerClientHarness.place(40))
        harness.answer(.publish(.verdicts([.accepted(seq: 43)], ms: 1)))
        harness.say(1, "b")
        let producer = try #require(ProducerID("abcdefgh"))
        #expect(position() == Position(epoch: 3, seq: 43, mid: MessageID(producer: producer, n: 1)))
        // The client's own message is delivered later, after those before it.
        harness.client.delivered(.lobby, upTo: BrokerClientHarness.place(42))
        harness.answer(.publish(.verdicts([.duplicate(seq: nil)], ms: 1)))
        harness.say(1, "c")
        #expect(position()?.seq == 43)
        harness.client.delivered(.lobby, upTo: BrokerClientHarness.place(50))
        harness.client.delivered(.lobby, upTo: BrokerClientHarness.place(60, epoch: 2))
        harness.answer(.publish(.verdicts([.accepted(seq: 51)], ms: 1)))
        harness.client.delivered(.lobby, upTo: BrokerClientHarness.place(52))
        harness.say(1, "d")
        #expect(position() == BrokerClientHarness.place(52))
    }

    @Test func `messages refused for another history are sent again after catching up`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        harness.say(1, "a")
        harness.say(1, "b")
        #expect(harness.takeSaid() == ["a.1/7"])
        harness.answer(.publish(.otherHistory))
        #expect(harness.told == ["doubts lobby"])
        harness.say(1, "c")
        #expect(harness.takeSaid() == [])
        // Whatever is delivered meanwhile, no message is sent before the room is announced open.
        harness.client.delivered(.lobby, upTo: BrokerClientHarness.place(41))
        harness.tick()
        #expect(harness.takeSaid() == [])
        harness.ask { $0.opened(.lobby, at: BrokerClientHarness.place(41), into: &$1) }
        #expect(harness.takeSaid() == ["a.1/7", "b.2/7", "c.3/7"])
        harness.answer(.publish(.otherHistory))
        harness.now = harness.now + Limits.publishPatience
        harness.told = []
        harness.tick()
        #expect(harness.told == ["1 refused", "1 refused", "1 refused"])
        harness.ask { $0.opened(.lobby, at: BrokerClientHarness.place(41), into: &$1) }
        harness.say(1, "d")
        #expect(harness.takeSaid() == ["d.1/7"])
    }

    @Test func `a message whose answer got lost was accepted if the record counts it`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        harness.say(1, "a")
        harness.linkLost()
        #expect(harness.told.isEmpty)
        harness.linkUp()
        _ = harness.takeCalls()
        harness.grant(fence: 8, n: 1, seq: 50)
        #expect(harness.told == ["1 accepted 50"])
        harness.say(1, "b")
        #expect(harness.takeSaid() == ["b.2/8"])
    }

    @Test func `a message that the record does not count is sent again, before newer ones`() throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        harness.say(1, "a")
        harness.linkLost()
        harness.linkUp()
        _ = harness.takeCalls()
        harness.say(1, "b")
        #expect(harness.takeSaid() == [])
        harness.grant(fence: 8, n: 0)
        #expect(harness.takeSaid() == ["a.1/8", "b.2/8"])
        harness.answer(.publish(.verdicts([.accepted(seq: 41), .accepted(seq: 42)], ms: 1)))
        #expect(harness.told == ["1 accepted 41", "1 accepted 42"])
    }

    @Test func `only messages of one sender accepted in a row are settled together`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        try harness.hold(2, "Bob")
        harness.say(1, "first")
        for _ in 0..<2 { harness.say(1, "a") }
        for _ in 0..<2 { harness.say(2, "b") }
        for _ in 0..<3 { harness.say(1, "c") }
        harness.answer(.publish(.verdicts([.accepted(seq: 7)], ms: 1)))
        #expect(harness.takeSaid().count == 8)
        harness.settlements = []
        let verdicts: [PublishVerdict] = [
            .accepted(seq: 8), .accepted(seq: 9), .accepted(seq: 10), .accepted(seq: 11),
            .accepted(seq: 12), .duplicate(seq: 4), .accepted(seq: 13),
        ]
        harness.answer(.publish(.verdicts(verdicts, ms: 1)))
        #expect(harness.settlements == ["1 × 2", "2 × 2", "1 × 1", "1 × 1", "1 × 1"])
        #expect(
            harness.told == [
                "1 accepted 7", "1 accepted 8", "1 accepted 9", "2 accepted 10", "2 accepted 11",
                "1 accepted 12", "1 accepted 4", "1 accepted 13",
            ]
        )
        #expect(harness.client.rooms.isIdle)
    }

    @Test func `a message that the node's own subscription has shown counts as accepted`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.say(1, "a")
        harness.linkLost()
        harness.linkUp()
        _ = harness.takeCalls()
        let producer = try #require(ProducerID("abcdefgh"))
        harness.answer(.claims(.otherEpoch))
        #expect(harness.doubts == 1)
        harness.registrationChanged(isGrace: true, epoch: 4, seen: [producer: 1])
        #expect(try harness.takeClaimAgain().known?.n == 1)
        harness.grant(fence: 9, n: 1)
        #expect(harness.told == ["1 accepted -"])
    }

    @Test func `of a lost name's messages, only those the subscription has shown are accepted`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.say(1, "a")
        harness.answer(.publish(.verdicts([.accepted(seq: 41)], ms: 1)))
        harness.say(1, "b")
        harness.say(1, "c")
        harness.linkGone()
        #expect(harness.told.suffix(2) == ["1 refused", "1 stalled"])
        harness.told = []
        let producer = try #require(ProducerID("abcdefgh"))
        harness.registrationChanged(epoch: 4, seen: [producer: 2])
        harness.linkUp()
        harness.verdict(.lost)
        #expect(harness.told == ["1 lost Ada", "1 accepted -"])
    }

    @Test func `a logout while a message is in doubt is answered at once, as is the message`()
        throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.say(1, "a")
        harness.linkGone()
        try harness.release(1, "Ada")
        #expect(harness.told == ["1 stalled", "1 unknown", "1 released"])
        _ = harness.takeCalls()
        harness.linkUp()
        guard case .release = harness.takeCalls().first else {
            Issue.record("not given back")
            return
        }
    }

    @Test func `a claim of the name held is granted only while the name is confirmed`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        try harness.claim(1, "ADA")
        #expect(harness.told == ["1 granted"])
        harness.client.leaseExpiry = harness.now
        try harness.claim(1, "Ada")
        harness.client.leaseExpiry = .distantFuture
        harness.registrationChanged(epoch: 4)
        try harness.claim(1, "Ada")
        #expect(harness.told == ["1 granted", "1 unavailable", "1 unavailable"])
    }

    @Test func `a message that was not written is not called unknown when the name is lost`() throws
    {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.say(1, "a")
        harness.answer(.publish(.verdicts([.fenced], ms: 1)))
        harness.verdict(.lost)
        #expect(harness.told == ["1 lost Ada", "1 lost"])
    }

    @Test func `other senders continue while one sender's messages are settled`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        try harness.hold(2, "Bea", fence: 8)
        harness.say(1, "a")
        _ = harness.takeCalls()
        harness.answer(.publish(.verdicts([.fenced], ms: 1)))
        #expect(harness.told.isEmpty)
        _ = try harness.takeClaimAgain()
        harness.say(2, "b")
        #expect(harness.takeSaid() == ["b.1/8"])
    }

    @Test func `a publish in another epoch wrote nothing, and causes a recheck`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        harness.say(1, "a")
        _ = harness.takeCalls()
        harness.answer(.publish(.otherEpoch))
        #expect(harness.doubts == 1)
        // While the epoch is unknown, the broker is asked for nothing.
        harness.say(1, "b")
        #expect(harness.takeCalls().isEmpty)
        harness.registrationChanged()
        _ = try harness.takeClaimAgain()
        harness.grant(fence: 9)
        #expect(harness.takeSaid() == ["a.1/9", "b.2/9"])
        #expect(harness.told.isEmpty)
    }

    @Test func `a publish that was refused frees its numbers`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada", fence: 7)
        harness.say(1, "a")
        _ = harness.takeCalls()
        harness.answer(.refused(reason: "no memory"))
        #expect(harness.told == ["1 refused"])
        harness.say(1, "b")
        #expect(harness.takeSaid() == ["b.1/7"])
    }

    @Test func `a message that waits for too long is refused, one in flight is not`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.say(1, "a")
        harness.say(1, "b")
        harness.now = harness.now + Limits.publishPatience
        harness.tick()
        #expect(harness.told == ["1 refused"])
        harness.answer(.publish(.verdicts([.accepted(seq: 41)], ms: 1)))
        #expect(harness.told == ["1 refused", "1 accepted 41"])
    }

    @Test func `after the lease has expired no message is sent and no name is claimed`() throws {
        let harness = BrokerClientHarness()
        try harness.hold(1, "Ada")
        harness.client.leaseExpiry = harness.now
        harness.say(1, "a")
        try harness.claim(2, "Bea")
        #expect(harness.told == ["1 refused", "2 unavailable"])
        #expect(harness.takeCalls().isEmpty)
    }
}
