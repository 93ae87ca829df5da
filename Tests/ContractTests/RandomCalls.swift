import ChatCore
import TestSupport

/// Random calls that collide: a few names, logins and processes in two rooms, and of what they have
/// been answered mostly the truth, sometimes something that was true once, or never.
struct RandomCalls {
    private(set) var random: SplitMix
    let rooms: [RoomName]
    private let usernames: [Username]
    private let sessions: [SessionID]
    private let lineages: [Lineage]
    private var incarnations: [Incarnation]

    /// Those that have reigned, the present one last.
    private var reigns = [Reign(epoch: 1, dataSet: "none")]
    private var beats: [Incarnation: UInt64] = [:]
    private var dead: [Incarnation] = []
    /// What was granted lately, the newest last.
    private var held: [Held] = []
    /// Messages that were seen lately, the newest last.
    private var seen: [RoomName: [Position]] = [:]
    /// The top that was told last.
    private var tops: [RoomName: CatchUpCall.Mark] = [:]

    private struct Held {
        let claim: Claim
        var grant: Grant
    }

    init(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        rooms = [.lobby, try RoomName("r")]
        usernames = try ["Ada", "ADA", "Bob", "Ève"].map { try Username($0) }
        sessions = (0..<4).map { _ in SessionID(using: &random) }
        lineages = (0..<6).map { _ in Lineage(using: &random) }
        incarnations = (0..<4).map { _ in Incarnation(using: &random) }
        self.random = random
    }

    mutating func below(_ bound: Int) -> Int { random.below(bound) }

    private mutating func one<Element>(of elements: [Element]) -> Element {
        elements[random.below(elements.count)]
    }

    private mutating func reign() -> Reign {
        random.isOne(in: 20) ? one(of: reigns) : reigns[reigns.count - 1]
    }

    /// Near a number: mostly it.
    private mutating func near(_ number: UInt64, missing times: Int = 8) -> UInt64 {
        guard random.isOne(in: times) else { return number }
        let shifted = Int64(number) + Int64(random.below(7)) - 3
        return UInt64(max(0, shifted))
    }
}

// MARK: - Reigns and processes

extension RandomCalls {
    mutating func fence() -> FenceCall {
        let last = reigns[reigns.count - 1].epoch
        return FenceCall(
            highestEpoch: random.isOne(in: 3) ? near(last, missing: 4) : 0,
            highestFence: random.isOne(in: 3) ? last << 20 + UInt64(random.below(2 << 20)) : 0,
            isNewCluster: random.isOne(in: 2)
        )
    }

    mutating func learn(_ answer: FenceAnswer) {
        if case .reign(let reign, _) = answer, reign != reigns.last {
            reigns = reigns.suffix(5) + [reign]
        }
    }

    mutating func anyReign() -> Reign { reign() }
    mutating func incarnation() -> Incarnation { one(of: incarnations) }

    mutating func register() -> RegisterCall {
        RegisterCall(reign: reign(), incarnation: incarnation(), label: "n")
    }

    mutating func renew() -> RenewCall {
        RenewCall(reign: reign(), incarnation: incarnation())
    }

    mutating func certify() -> CertifyCall {
        let victim = incarnation()
        let counter = near(beats[victim] ?? 0)
        return CertifyCall(
            reign: reign(),
            incarnation: incarnation(),
            dead: .init(incarnation: victim, counter: counter)
        )
    }

    mutating func reap() -> ReapCall {
        let keys = usernames.map(\.key).filter { _ in random.isOne(in: 2) }
        let victim = dead.isEmpty || random.isOne(in: 8) ? incarnation() : one(of: dead)
        return ReapCall(reign: reign(), dead: victim, keys: keys)
    }

    mutating func learn(_ answer: RosterAnswer) {
        guard case .roster(let roster) = answer else { return }
        for beat in roster.beats { beats[beat.incarnation] = beat.counter }
        dead = roster.dead.sorted { $0.description < $1.description }
        // A process that was certified dead goes on as another one.
        for index in incarnations.indices
        where dead.contains(incarnations[index]) && random.isOne(in: 4) {
            incarnations[index] = Incarnation(using: &random)
        }
    }
}

// MARK: - Names

extension RandomCalls {
    mutating func claim() -> Claim {
        if !held.isEmpty, random.isOne(in: 2) { return again() }
        var known: Claim.Known?
        if random.isOne(in: 8) {
            known = .init(
                fence: reigns[reigns.count - 1].epoch << 20 + UInt64(random.below(40)),
                n: UInt64(random.below(4)),
                seq: UInt64(random.below(4)),
                epoch: one(of: reigns).epoch
            )
        }
        return Claim(
            reign: reign(),
            username: one(of: usernames),
            incarnation: incarnation(),
            session: one(of: sessions),
            lineage: one(of: lineages),
            known: known
        )
    }

    private mutating func again() -> Claim {
        let old = newest()
        return Claim(
            reign: reign(),
            username: old.claim.username,
            incarnation: random.isOne(in: 4) ? incarnation() : old.claim.incarnation,
            session: old.claim.session,
            lineage: old.grant.lineage,
            known: random.isOne(in: 8)
                ? nil
                : .init(
                    fence: near(old.grant.fence),
                    n: near(old.grant.n, missing: 4),
                    seq: random.isOne(in: 4) ? 0 : near(old.grant.seq),
                    epoch: old.claim.reign.epoch
                )
        )
    }

    mutating func learn(_ answer: ClaimAnswer, to claim: Claim) {
        guard case .granted(let grant) = answer else { return }
        held = held.suffix(11) + [Held(claim: claim, grant: grant)]
    }

    /// A name's key, and the session that takes it over.
    mutating func takeOver() -> (key: String, session: SessionID) {
        (one(of: usernames).key, one(of: sessions))
    }

    mutating func release() -> Release {
        guard !held.isEmpty else {
            return Release(
                key: "ada",
                incarnation: incarnation(),
                condition: .session(one(of: sessions))
            )
        }
        let old = newest()
        return Release(
            key: old.claim.username.key,
            incarnation: random.isOne(in: 8) ? incarnation() : old.claim.incarnation,
            condition: random.isOne(in: 2)
                ? .fence(near(old.grant.fence)) : .session(old.claim.session)
        )
    }

    /// Mostly one of the last few.
    private mutating func newest() -> Held {
        random.isOne(in: 4) ? one(of: held) : one(of: held.suffix(3))
    }
}

// MARK: - Rooms

extension RandomCalls {
    mutating func publish() -> PublishCall {
        let room = one(of: rooms)
        var incarnation = incarnation()
        var drafts: [SealedDraft] = []
        for _ in 0..<(1 + random.below(random.isOne(in: 6) ? 12 : 3)) where !held.isEmpty {
            let index = held.count - 1 - random.below(random.isOne(in: 4) ? held.count : 1)
            if drafts.isEmpty { incarnation = held[index].claim.incarnation }
            let n = near(held[index].grant.n + 1)
            drafts.append(sealed(held[index], n, room))
            // As if it were accepted: the next one in the batch has the next number.
            if n == held[index].grant.n + 1 { held[index].grant = held[index].grant.at(n, seq: 0) }
        }
        return PublishCall(
            reign: reign(),
            incarnation: incarnation,
            room: room,
            position: position(in: room),
            drafts: drafts
        )
    }

    /// Mostly the newest place; sometimes one before it, one of another message, or none.
    private mutating func position(in room: RoomName) -> Position? {
        guard let newest = seen[room]?.last, !random.isOne(in: 6) else { return nil }
        let place = random.isOne(in: 6) ? one(of: seen[room] ?? [newest]) : newest
        return Position(epoch: place.epoch, seq: near(place.seq, missing: 16), mid: place.mid)
    }

    enum Change {
        case top(CatchUpCall.Mark?)
        case log
    }

    /// What is changed by hand: a room's top is gone or older, or its log is gone.
    mutating func change() -> (RoomName, Change) {
        let room = one(of: rooms)
        if random.isOne(in: 4) { return (room, .log) }
        guard let places = seen[room], !places.isEmpty, random.isOne(in: 2) else {
            return (room, .top(nil))
        }
        let place = one(of: places)
        return (room, .top(.init(seq: place.seq, mid: place.mid)))
    }

    private mutating func sealed(_ held: Held, _ n: UInt64, _ room: RoomName) -> SealedDraft {
        let text = String(repeating: "x", count: random.below(random.isOne(in: 20) ? 300 : 40))
        return SealedDraft(
            key: held.claim.username.key,
            session: held.claim.session,
            fence: held.grant.fence,
            lineage: held.grant.lineage,
            n: n,
            draft: Draft(
                sender: SocketID(slot: 0, generation: 0),
                room: room,
                body: Array(#"{"v":"\#(text)"}"#.utf8)
            )
        )
    }

    /// The senders find out by the answers which number is next.
    mutating func learn(_ answer: PublishAnswer, to call: PublishCall) {
        guard case .verdicts(let verdicts, _) = answer else { return }
        for (sealed, verdict) in zip(call.drafts, verdicts) {
            let index = held.lastIndex {
                $0.claim.username.key == sealed.key && $0.grant.fence == sealed.fence
            }
            guard let index else { continue }
            let grant = held[index].grant
            switch verdict {
            case .accepted(let seq):
                held[index].grant = grant.at(sealed.n, seq: seq)
                let mid = MessageID(lineage: grant.lineage, n: sealed.n)
                let place = Position(epoch: call.reign.epoch, seq: seq, mid: mid)
                seen[call.room] = (seen[call.room] ?? []).suffix(40) + [place]
            case .gap(let expected): held[index].grant = grant.at(expected - 1, seq: 0)
            case .duplicate(let seq?): held[index].grant = grant.at(sealed.n, seq: seq)
            case .duplicate, .fenced: break
            }
        }
    }

    /// A question, and what names the room's place if it begins now.
    mutating func catchUp() -> (CatchUpCall, birth: Lineage) {
        let room = one(of: rooms)
        var position: Position?
        let places = seen[room] ?? []
        if let place = places.isEmpty ? nil : one(of: places), !random.isOne(in: 12) {
            position = Position(
                epoch: random.isOne(in: 3) ? reigns[reigns.count - 1].epoch : place.epoch,
                seq: near(place.seq),
                mid: random.isOne(in: 20) ? .birth(one(of: lineages)) : place.mid
            )
        }
        let marks = places.filter { _ in random.isOne(in: 6) }.reversed()
            .map { CatchUpCall.Mark(seq: $0.seq, mid: $0.mid) }
        let call = CatchUpCall(
            reign: reign(),
            room: room,
            position: position,
            marks: marks,
            limit: 1 + random.below(12),
            replacing: position == nil ? nil : replacing(in: room)
        )
        return (call, Lineage(using: &random))
    }

    /// The top that was told last, or that there was none.
    private mutating func replacing(in room: RoomName) -> CatchUpCall.FoundTop? {
        switch random.below(4) {
        case 0: return CatchUpCall.FoundTop.none
        case 1: return tops[room].map { .top($0) }
        default: return nil
        }
    }

    /// The top that was told is a place like others.
    mutating func learn(_ answer: CatchUpAnswer, to call: CatchUpCall) {
        guard case .page(let page) = answer, let top = page.top else { return }
        tops[call.room] = .init(seq: top.seq, mid: top.mid)
        if seen[call.room]?.last != top {
            seen[call.room] = (seen[call.room] ?? []).suffix(40) + [top]
        }
    }
}

extension Grant {
    fileprivate func at(_ n: UInt64, seq: UInt64) -> Grant {
        Grant(fence: fence, lineage: lineage, n: n, seq: seq)
    }
}
