import TestSupport
import Testing

@testable import ChatCore

/// One loop's side of the broker, answered by hand.
@Suite struct BrokerClientTests {
    private final class Bench {
        var client = BrokerClient()
        var random = SplitMix(seed: 5)
        var now = Instant(nanoseconds: 1_000_000_000)
        var calls: [BrokerCall] = []
        /// What sessions were told, in words.
        var told: [String] = []
        /// Which sockets were told together of how many accepted messages.
        var settlements: [String] = []
        var doubts = 0
        let incarnation: Incarnation
        let reign = Reign(epoch: 3, dataSet: "three")

        init(isLinked: Bool = true) {
            incarnation = Incarnation(using: &random)
            client.horizon = .distantFuture
            stands()
            run { client, _ in client.opened(.lobby, at: Self.place(40, epoch: 3)) }
            if isLinked { linkUp() }
        }

        func run(_ event: (inout BrokerClient, inout [BrokerClient.Effect]) -> Void) {
            var effects: [BrokerClient.Effect] = []
            event(&client, &effects)
            client.endTurn(now: now, into: &effects)
            for effect in effects {
                switch effect {
                case .call(let call): calls.append(call)
                case .claimed(let socket, .granted): told.append("\(socket.slot) granted")
                case .claimed(let socket, .taken): told.append("\(socket.slot) taken")
                case .claimed(let socket, .unavailable): told.append("\(socket.slot) unavailable")
                case .released(let socket): told.append("\(socket.slot) released")
                case .settled(let socket, .accepted(let seq), let count):
                    settlements.append("\(socket.slot) × \(count)")
                    for index in 0..<UInt64(count) {
                        let place = seq.map { "\($0 + index)" } ?? "-"
                        told.append("\(socket.slot) accepted \(place)")
                    }
                case .settled(let socket, .refused, _): told.append("\(socket.slot) refused")
                case .settled(let socket, .lost, _): told.append("\(socket.slot) lost")
                case .settled(let socket, .unknown, _): told.append("\(socket.slot) unknown")
                case .nameLost(let socket, let name):
                    told.append("\(socket.slot) lost \(name.display)")
                case .stalled(let socket, let isStalled):
                    if isStalled { told.append("\(socket.slot) stalled") }
                case .doubtStanding: doubts += 1
                case .doubtRoom(let room): told.append("doubts \(room.text)")
                }
            }
        }

        /// A place of some other sender's message.
        static func place(_ seq: UInt64, epoch: UInt64 = 3) -> Position {
            guard let lineage = Lineage("stranger") else { preconditionFailure("a lineage") }
            return Position(epoch: epoch, seq: seq, mid: MessageID(lineage: lineage, n: seq))
        }

        func stands(isGrace: Bool = false, epoch: UInt64 = 3, seen: [Lineage: UInt64] = [:]) {
            let reign = Reign(epoch: epoch, dataSet: "three")
            let standing = Standing(reign: reign, incarnation: incarnation, isGrace: isGrace)
            run { $0.stands(standing, seen: seen, into: &$1) }
        }

        func linkUp() { run { $0.linkUp(now: now, into: &$1) } }
        func linkLost() { run { $0.linkLost("cut", now: now, into: &$1) } }
        /// The link stays away for longer than a moment.
        func linkGone() {
            linkLost()
            now = now + Limits.relinkPatience
            tick()
        }
        func answer(_ answer: BrokerAnswer) { run { $0.answered(answer, now: now, into: &$1) } }
        func tick() { run { $0.tick(now: now, into: &$1) } }

        func id(_ slot: Int32) -> SocketID { SocketID(slot: slot, generation: 0) }

        func claim(_ slot: Int32, _ name: String) throws {
            let username = try Username(name)
            run { $0.claim(username, for: id(slot), using: &random, now: now, into: &$1) }
        }

        func release(_ slot: Int32, _ name: String) throws {
            let username = try Username(name)
            run { $0.release(username, for: id(slot), into: &$1) }
        }

        func say(_ slot: Int32, _ text: String, in room: RoomName = .lobby) {
            let draft = Draft(sender: id(slot), room: room, body: Array(text.utf8))
            run { $0.publish(draft, now: now, into: &$1) }
        }

        func grant(fence: UInt64, n: UInt64 = 0, seq: UInt64 = 0) {
            guard let lineage = Lineage("abcdefgh") else { preconditionFailure("a lineage") }
            answer(.claim(.granted(Grant(fence: fence, lineage: lineage, n: n, seq: seq))))
        }

        /// A socket that holds a name under a fence.
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

        /// The newest publish's messages, as `text.n/fence`.
        func takeSaid() -> [String] {
            takeCalls().flatMap { call -> [String] in
                guard case .publish(let call) = call else { return [] }
                return call.drafts.map {
                    "\(String(decoding: $0.draft.body, as: UTF8.self)).\($0.n)/\($0.fence)"
                }
            }
        }

        /// The newest claim, which must be one of a name that was had before.
        func takeClaimAgain() throws -> Claim {
            let claims = takeCalls().compactMap { call -> Claim? in
                if case .claim(let claim) = call { claim } else { nil }
            }
            return try #require(claims.last)
        }
    }

    // MARK: Names

    @Test func `a claim that is granted too late is given back, and not told`() throws {
        let bench = Bench()
        try bench.claim(1, "Ada")
        bench.client.horizon = bench.now
        _ = bench.takeCalls()
        bench.grant(fence: 7)
        #expect(bench.told == ["1 unavailable"])
        guard case .release = bench.takeCalls().first else {
            Issue.record("not given back")
            return
        }
    }

    @Test func `a claim whose answer got lost is asked again under the same session`() throws {
        let bench = Bench()
        try bench.claim(1, "Ada")
        let first = bench.takeCalls()
        bench.linkLost()
        #expect(bench.told.isEmpty)
        bench.linkUp()
        let second = bench.takeCalls()
        guard case .claim(let claim) = first.first, case .claim(let again) = second.first else {
            Issue.record("not asked again: \(second)")
            return
        }
        #expect(second.count == 1)
        #expect(again == claim)
        bench.grant(fence: 7)
        #expect(bench.told == ["1 granted"])
    }

    @Test func `a login waits for a link that is back in a moment`() throws {
        let bench = Bench()
        bench.linkLost()
        bench.now = bench.now + (Limits.relinkPatience - .milliseconds(1))
        try bench.claim(1, "Ada")
        bench.tick()
        // A try has failed.
        bench.linkLost()
        #expect(bench.told.isEmpty)
        bench.linkUp()
        #expect(bench.takeCalls().count == 1)
        bench.grant(fence: 7)
        #expect(bench.told == ["1 granted"])
    }

    @Test func `a message waits for a link that is back in a moment, and so does a change of name`()
        throws
    {
        let bench = Bench()
        try bench.hold(1, "Ada")
        try bench.hold(2, "Bea", fence: 8)
        bench.linkLost()
        bench.say(1, "a")
        try bench.claim(2, "Cleo")
        bench.tick()
        #expect(bench.told.isEmpty)
        bench.linkUp()
        bench.grant(fence: 9)
        #expect(bench.takeSaid() == ["a.1/7"])
        #expect(bench.told == ["2 granted"])
    }

    @Test func `however often the link is cut, a login is answered in time`() throws {
        let bench = Bench()
        try bench.claim(1, "Ada")
        let asked = bench.now
        while bench.told.isEmpty, bench.now <= asked + Limits.claimPatience {
            bench.linkLost()
            bench.now = bench.now + .milliseconds(300)
            bench.tick()
            bench.linkUp()
        }
        #expect(bench.told == ["1 unavailable"])
        #expect(bench.client.wanted.isEmpty)
        // One of the claims may have been granted.
        guard case .release(let release) = bench.takeCalls().last else {
            Issue.record("not given back")
            return
        }
        #expect(release.key == "ada")
    }

    @Test func `a claim that is turned away behind one without an answer is given back`() throws {
        let bench = Bench()
        try bench.claim(1, "Ada")
        bench.linkLost()
        bench.linkUp()
        _ = bench.takeCalls()
        bench.answer(.refused(reason: "no memory"))
        #expect(bench.told == ["1 unavailable"])
        guard case .release = bench.takeCalls().last else {
            Issue.record("not given back")
            return
        }
    }

    @Test func `a claim under another reign is asked again under the one that is told`() throws {
        let bench = Bench()
        try bench.claim(1, "Ada")
        bench.answer(.claim(.otherReign))
        #expect(bench.doubts == 1)
        #expect(bench.told.isEmpty)
        _ = bench.takeCalls()
        bench.stands(epoch: 4)
        guard case .claim(let claim) = bench.takeCalls().first else {
            Issue.record("not asked again")
            return
        }
        #expect(claim.reign.epoch == 4)
    }

    @Test func `a claim whose answer got lost is given back as soon as that can be said`() throws {
        let bench = Bench()
        try bench.claim(1, "Ada")
        #expect(bench.client.mayHold(["ada", "bea"]) == [true, false])
        bench.linkGone()
        #expect(bench.told == ["1 unavailable"])
        #expect(bench.client.mayHold(["ada"]) == [true])
        _ = bench.takeCalls()
        bench.linkUp()
        guard case .release(let release) = bench.takeCalls().first else {
            Issue.record("not given back")
            return
        }
        #expect(release.key == "ada")
        bench.answer(.released)
        #expect(bench.client.mayHold(["ada"]) == [false])
        #expect(bench.told == ["1 unavailable"])
    }

    @Test func `without a broker a claim is refused at once, and a release told at once`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.linkGone()
        try bench.claim(2, "Bea")
        try bench.release(1, "Ada")
        #expect(bench.told == ["2 unavailable", "1 released"])
        #expect(bench.takeCalls().isEmpty)
        bench.linkUp()
        #expect(bench.takeCalls().count == 1)
        bench.answer(.released)
        #expect(bench.told.count == 2)
        #expect(bench.client.leaving.isEmpty)
    }

    @Test func `in a grace a new login waits, and is asked again when it is over`() throws {
        let bench = Bench()
        bench.stands(isGrace: true)
        try bench.claim(1, "Ada")
        bench.answer(.claim(.grace))
        #expect(bench.told.isEmpty)
        _ = bench.takeCalls()
        bench.stands()
        #expect(bench.takeCalls().count == 1)
        bench.grant(fence: 7)
        #expect(bench.told == ["1 granted"])
    }

    @Test func `it does not wait for ever`() throws {
        let bench = Bench()
        bench.stands(isGrace: true)
        try bench.claim(1, "Ada")
        bench.answer(.claim(.grace))
        bench.now = bench.now + Limits.gracePatience
        bench.tick()
        #expect(bench.told == ["1 unavailable"])
        #expect(bench.client.wanted.isEmpty)
    }

    @Test func `in another reign a name is claimed again before it is used again`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        bench.stands(isGrace: true, epoch: 4)
        bench.run { client, _ in client.opened(.lobby, at: Bench.place(40, epoch: 4)) }
        let claim = try bench.takeClaimAgain()
        #expect(claim.known == .init(fence: 7, n: 0, seq: 0, epoch: 3))
        #expect(claim.reign.epoch == 4)
        bench.say(1, "a")
        #expect(bench.takeSaid() == [])
        bench.grant(fence: 9)
        #expect(bench.takeSaid() == ["a.1/9"])
    }

    @Test func `a held name is granted in another spelling, which is claimed again later`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        try bench.claim(1, "ADA")
        #expect(bench.told == ["1 granted"])
        #expect(bench.takeCalls().isEmpty)
        bench.stands(epoch: 4)
        bench.run { client, _ in client.opened(.lobby, at: Bench.place(40, epoch: 4)) }
        #expect(try bench.takeClaimAgain().username.display == "ADA")
        // While nobody can say whether it is still held, the spelling stays.
        try bench.claim(1, "aDa")
        #expect(bench.told == ["1 granted", "1 unavailable"])
        bench.answer(.claim(.lost))
        #expect(bench.told.last == "1 lost ADA")
    }

    @Test func `a name that has passed on is told, and what waited under it`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.stands(epoch: 4)
        bench.run { client, _ in client.opened(.lobby, at: Bench.place(40, epoch: 4)) }
        bench.say(1, "a")
        bench.answer(.claim(.lost))
        #expect(bench.told == ["1 lost Ada", "1 lost"])
        #expect(bench.client.held.isEmpty)
        #expect(bench.takeSaid() == [])
    }

    @Test func `a standing that moves while a name is claimed again wants one more claim`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        bench.stands(epoch: 4)
        _ = try bench.takeClaimAgain()
        bench.stands(epoch: 5)
        bench.grant(fence: 9)
        let claim = try bench.takeClaimAgain()
        #expect(claim.reign.epoch == 5)
        #expect(claim.known?.fence == 9)
    }

    @Test func `a change of name gives the old one back under its own login`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        try bench.claim(1, "Bea")
        bench.grant(fence: 8)
        _ = bench.takeCalls()
        try bench.release(1, "Ada")
        guard case .release(let release) = bench.takeCalls().first else {
            Issue.record("nothing was given back")
            return
        }
        #expect(release.key == "ada")
        bench.answer(.released)
        bench.say(1, "b")
        #expect(bench.takeSaid() == ["b.1/8"])
    }

    @Test func `what is turned away is asked again at the next tick, not before`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.stands(epoch: 4)
        _ = bench.takeCalls()
        bench.answer(.refused(reason: "no memory"))
        #expect(bench.takeCalls().isEmpty)
        bench.tick()
        _ = try bench.takeClaimAgain()
        bench.grant(fence: 9)
        try bench.release(1, "Ada")
        bench.answer(.refused(reason: "no memory"))
        #expect(bench.told == ["1 released"])
        _ = bench.takeCalls()
        bench.tick()
        #expect(bench.takeCalls().count == 1)
    }

    // MARK: Messages

    @Test func `a room is published in once it is caught up in the present reign`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.stands(epoch: 4)
        bench.grant(fence: 9)
        bench.say(1, "a")
        #expect(bench.takeSaid() == [])
        bench.run { client, _ in client.opened(.lobby, at: Bench.place(41, epoch: 3)) }
        #expect(bench.takeSaid() == [])
        bench.run { client, _ in client.opened(.lobby, at: Bench.place(41, epoch: 4)) }
        guard case .publish(let call) = bench.takeCalls().first else {
            Issue.record("nothing was published")
            return
        }
        #expect(call.position == Bench.place(41, epoch: 4))
    }

    @Test func `a call brings the newest place that was delivered here or is known to be accepted`()
        throws
    {
        let bench = Bench()
        try bench.hold(1, "Ada")
        func position() -> Position? {
            guard case .publish(let call) = bench.takeCalls().first else { return nil }
            return call.position
        }
        bench.say(1, "a")
        #expect(position() == Bench.place(40))
        bench.answer(.publish(.verdicts([.accepted(seq: 43)], ms: 1)))
        bench.say(1, "b")
        let lineage = try #require(Lineage("abcdefgh"))
        #expect(position() == Position(epoch: 3, seq: 43, mid: MessageID(lineage: lineage, n: 1)))
        // Its own message is delivered later, with those before it.
        bench.client.delivered(.lobby, upTo: Bench.place(42))
        bench.answer(.publish(.verdicts([.duplicate(seq: nil)], ms: 1)))
        bench.say(1, "c")
        #expect(position()?.seq == 43)
        bench.client.delivered(.lobby, upTo: Bench.place(50))
        bench.client.delivered(.lobby, upTo: Bench.place(60, epoch: 2))
        bench.answer(.publish(.verdicts([.accepted(seq: 51)], ms: 1)))
        bench.client.delivered(.lobby, upTo: Bench.place(52))
        bench.say(1, "d")
        #expect(position() == Bench.place(52))
    }

    @Test func `what a room of another history did not take goes again when it is caught up with`()
        throws
    {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        bench.say(1, "a")
        bench.say(1, "b")
        #expect(bench.takeSaid() == ["a.1/7"])
        bench.answer(.publish(.otherHistory))
        #expect(bench.told == ["doubts lobby"])
        bench.say(1, "c")
        #expect(bench.takeSaid() == [])
        // Delivered meanwhile or not: nothing goes before the room is told open.
        bench.client.delivered(.lobby, upTo: Bench.place(41))
        bench.tick()
        #expect(bench.takeSaid() == [])
        bench.run { client, _ in client.opened(.lobby, at: Bench.place(41)) }
        #expect(bench.takeSaid() == ["a.1/7", "b.2/7", "c.3/7"])
        bench.answer(.publish(.otherHistory))
        bench.now = bench.now + Limits.publishPatience
        bench.told = []
        bench.tick()
        #expect(bench.told == ["1 refused", "1 refused", "1 refused"])
        bench.run { client, _ in client.opened(.lobby, at: Bench.place(41)) }
        bench.say(1, "d")
        #expect(bench.takeSaid() == ["d.1/7"])
    }

    @Test func `a message whose answer got lost was accepted if the record counts it`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        bench.say(1, "a")
        bench.linkLost()
        #expect(bench.told.isEmpty)
        bench.linkUp()
        let claim = try bench.takeClaimAgain()
        #expect(claim.known == .init(fence: 7, n: 0, seq: 0, epoch: 3))
        bench.grant(fence: 8, n: 1, seq: 50)
        #expect(bench.told == ["1 accepted 50"])
        bench.say(1, "b")
        #expect(bench.takeSaid() == ["b.2/8"])
    }

    @Test func `else it is sent again under the new fence, before anything newer`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        bench.say(1, "a")
        bench.linkLost()
        bench.linkUp()
        _ = bench.takeCalls()
        bench.say(1, "b")
        #expect(bench.takeSaid() == [])
        bench.grant(fence: 8, n: 0)
        #expect(bench.takeSaid() == ["a.1/8", "b.2/8"])
        bench.answer(.publish(.verdicts([.accepted(seq: 41), .accepted(seq: 42)], ms: 1)))
        #expect(bench.told == ["1 accepted 41", "1 accepted 42"])
    }

    @Test func `what was accepted in a row is told together, and nothing else is`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        try bench.hold(2, "Bob")
        bench.say(1, "first")
        for _ in 0..<2 { bench.say(1, "a") }
        for _ in 0..<2 { bench.say(2, "b") }
        for _ in 0..<3 { bench.say(1, "c") }
        bench.answer(.publish(.verdicts([.accepted(seq: 7)], ms: 1)))
        #expect(bench.takeSaid().count == 8)
        bench.settlements = []
        let verdicts: [PublishVerdict] = [
            .accepted(seq: 8), .accepted(seq: 9), .accepted(seq: 10), .accepted(seq: 11),
            .accepted(seq: 12), .duplicate(seq: 4), .accepted(seq: 13),
        ]
        bench.answer(.publish(.verdicts(verdicts, ms: 1)))
        #expect(bench.settlements == ["1 × 2", "2 × 2", "1 × 1", "1 × 1", "1 × 1"])
        #expect(
            bench.told == [
                "1 accepted 7", "1 accepted 8", "1 accepted 9", "2 accepted 10", "2 accepted 11",
                "1 accepted 12", "1 accepted 4", "1 accepted 13",
            ]
        )
        #expect(bench.client.lines.isIdle)
    }

    @Test func `a room of another name has an order and a call of its own`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        let other = try RoomName("other")
        bench.client.opened(other, at: Bench.place(0))
        bench.say(1, "a")
        bench.say(1, "b", in: other)
        bench.say(1, "c")
        #expect(bench.takeSaid() == ["a.1/7", "b.2/7"])
        bench.answer(.publish(.verdicts([.accepted(seq: 1)], ms: 1)))
        #expect(bench.takeSaid() == ["c.3/7"])
        bench.answer(.publish(.verdicts([.accepted(seq: 1)], ms: 1)))
        bench.answer(.publish(.verdicts([.accepted(seq: 2)], ms: 1)))
        #expect(bench.client.lines.isIdle)
    }

    @Test func `unless it is too old by then`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.say(1, "a")
        bench.linkGone()
        #expect(bench.told == ["1 stalled"])
        bench.now = bench.now + Limits.resendAge
        bench.linkUp()
        _ = bench.takeCalls()
        bench.grant(fence: 8, n: 0)
        #expect(bench.told == ["1 stalled", "1 refused"])
        #expect(bench.takeSaid() == [])
        bench.say(1, "b")
        #expect(bench.takeSaid() == ["b.1/8"])
    }

    @Test func `what the node's own subscription has shown was accepted, though the data is gone`()
        throws
    {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.say(1, "a")
        bench.linkLost()
        bench.linkUp()
        _ = bench.takeCalls()
        let lineage = try #require(Lineage("abcdefgh"))
        bench.answer(.claim(.otherReign))
        #expect(bench.doubts == 1)
        bench.stands(isGrace: true, epoch: 4, seen: [lineage: 1])
        #expect(try bench.takeClaimAgain().known?.n == 1)
        bench.grant(fence: 9, n: 1)
        #expect(bench.told == ["1 accepted -"])
    }

    @Test func `of a name that has passed on, only what the subscription has shown is known`()
        throws
    {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.say(1, "a")
        bench.answer(.publish(.verdicts([.accepted(seq: 41)], ms: 1)))
        bench.say(1, "b")
        bench.say(1, "c")
        bench.linkGone()
        #expect(bench.told.suffix(2) == ["1 refused", "1 stalled"])
        bench.told = []
        let lineage = try #require(Lineage("abcdefgh"))
        bench.stands(epoch: 4, seen: [lineage: 2])
        bench.linkUp()
        bench.answer(.claim(.lost))
        #expect(bench.told == ["1 lost Ada", "1 accepted -"])
    }

    @Test func `who logs out meanwhile is answered at once, and told that nobody knows`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.say(1, "a")
        bench.linkGone()
        try bench.release(1, "Ada")
        #expect(bench.told == ["1 stalled", "1 unknown", "1 released"])
        _ = bench.takeCalls()
        bench.linkUp()
        guard case .release = bench.takeCalls().first else {
            Issue.record("not given back")
            return
        }
    }

    @Test func `a name that one has is told only while it is sure`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        try bench.claim(1, "ADA")
        #expect(bench.told == ["1 granted"])
        bench.client.horizon = bench.now
        try bench.claim(1, "Ada")
        bench.client.horizon = .distantFuture
        bench.stands(epoch: 4)
        try bench.claim(1, "Ada")
        #expect(bench.told == ["1 granted", "1 unavailable", "1 unavailable"])
    }

    @Test func `a message that was not written is not called unknown when the name is lost`() throws
    {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.say(1, "a")
        bench.answer(.publish(.verdicts([.fenced], ms: 1)))
        bench.answer(.claim(.lost))
        #expect(bench.told == ["1 lost Ada", "1 lost"])
    }

    @Test func `others go on while one is settled`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        try bench.hold(2, "Bea", fence: 8)
        bench.say(1, "a")
        _ = bench.takeCalls()
        bench.answer(.publish(.verdicts([.fenced], ms: 1)))
        #expect(bench.told.isEmpty)
        _ = try bench.takeClaimAgain()
        bench.say(2, "b")
        #expect(bench.takeSaid() == ["b.1/8"])
    }

    @Test func `a call under another reign wrote nothing, and is looked into`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        bench.say(1, "a")
        _ = bench.takeCalls()
        bench.answer(.publish(.otherReign))
        #expect(bench.doubts == 1)
        // While nobody knows what reigns, nothing is asked.
        bench.say(1, "b")
        #expect(bench.takeCalls().isEmpty)
        bench.stands()
        _ = try bench.takeClaimAgain()
        bench.grant(fence: 9)
        #expect(bench.takeSaid() == ["a.1/9", "b.2/9"])
        #expect(bench.told.isEmpty)
    }

    @Test func `a call that was turned away frees its numbers`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada", fence: 7)
        bench.say(1, "a")
        _ = bench.takeCalls()
        bench.answer(.refused(reason: "no memory"))
        #expect(bench.told == ["1 refused"])
        bench.say(1, "b")
        #expect(bench.takeSaid() == ["b.1/7"])
    }

    @Test func `what waits for too long is refused, what is on its way is not`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.say(1, "a")
        bench.say(1, "b")
        bench.now = bench.now + Limits.publishPatience
        bench.tick()
        #expect(bench.told == ["1 refused"])
        bench.answer(.publish(.verdicts([.accepted(seq: 41)], ms: 1)))
        #expect(bench.told == ["1 refused", "1 accepted 41"])
    }

    @Test func `past the horizon nothing is said`() throws {
        let bench = Bench()
        try bench.hold(1, "Ada")
        bench.client.horizon = bench.now
        bench.say(1, "a")
        try bench.claim(2, "Bea")
        #expect(bench.told == ["1 refused", "2 unavailable"])
        #expect(bench.takeCalls().isEmpty)
    }
}
