import TestSupport

@testable import ChatCore

/// Random calls that collide: a few names, logins and processes in two rooms, and of what they have
/// been answered mostly the truth, sometimes something that was true once, or never.
struct RandomCalls {
    var random: SplitMix
    let rooms: [RoomName]
    /// More rooms, in which only names are present.
    let manyRooms: [RoomName]
    let usernames: [Username]
    let logins: [LoginID]
    let producers: [ProducerID]
    private var incarnations: [Incarnation]

    /// The epochs there have been, the present one last.
    var epochs = [Epoch(number: 1, dataSet: "none")]
    private var heartbeats: [Incarnation: UInt64] = [:]
    private var dead: [Incarnation] = []
    /// What was granted lately, the newest last.
    var held: [Held] = []
    /// The number of calls of claims.
    var claimCalls: UInt64 = 0
    /// Messages that were seen lately, the newest last.
    private var seen: [RoomName: [Position]] = [:]
    /// The top that was told last.
    private var tops: [RoomName: MessagePlace] = [:]

    struct Held {
        let claim: SingleClaim
        var grant: Grant
    }

    init(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        rooms = [.lobby, try RoomName("r")]
        manyRooms = try (0..<40).map { try RoomName("m\($0)") }
        usernames = try ["Ada", "ADA", "Bob", "Ève"].map { try Username($0) }
        logins = (0..<4).map { _ in LoginID(using: &random) }
        producers = (0..<6).map { _ in ProducerID(using: &random) }
        incarnations = (0..<4).map { _ in Incarnation(using: &random) }
        self.random = random
    }

    mutating func below(_ bound: Int) -> Int { random.below(bound) }

    mutating func one<Element>(of elements: [Element]) -> Element {
        elements[random.below(elements.count)]
    }

    mutating func epoch() -> Epoch {
        random.isOne(in: 20) ? one(of: epochs) : epochs[epochs.count - 1]
    }

    /// Near a number: mostly it.
    mutating func near(_ number: UInt64, missing times: Int = 8) -> UInt64 {
        guard random.isOne(in: times) else { return number }
        let shifted = Int64(number) + Int64(random.below(7)) - 3
        return UInt64(max(0, shifted))
    }
}

// MARK: - Epochs and processes

extension RandomCalls {
    mutating func openEpoch() -> OpenEpochCall {
        let last = epochs[epochs.count - 1].number
        return OpenEpochCall(
            highestEpoch: random.isOne(in: 3) ? near(last, missing: 4) : 0,
            highestFence: random.isOne(in: 3) ? last << 20 + UInt64(random.below(2 << 20)) : 0,
            isNewCluster: random.isOne(in: 2)
        )
    }

    mutating func learn(_ answer: OpenEpochAnswer) {
        if case .epoch(let epoch, _) = answer, epoch != epochs.last {
            epochs = epochs.suffix(5) + [epoch]
        }
    }

    mutating func anyEpoch() -> Epoch { epoch() }
    mutating func incarnation() -> Incarnation { one(of: incarnations) }

    mutating func register() -> RegisterCall {
        RegisterCall(epoch: epoch(), incarnation: incarnation(), label: "n")
    }

    mutating func renew() -> RenewCall {
        RenewCall(epoch: epoch(), incarnation: incarnation())
    }

    mutating func certify() -> CertifyCall {
        let victim = incarnation()
        let counter = near(heartbeats[victim] ?? 0)
        return CertifyCall(
            epoch: epoch(),
            incarnation: incarnation(),
            dead: .init(incarnation: victim, counter: counter)
        )
    }

    mutating func reap() -> ReapCall {
        let keys = usernames.map(\.key).filter { _ in random.isOne(in: 2) }
        let victim = dead.isEmpty || random.isOne(in: 8) ? incarnation() : one(of: dead)
        return ReapCall(epoch: epoch(), dead: victim, keys: keys)
    }

    mutating func learn(_ answer: RosterAnswer) {
        guard case .roster(let roster) = answer else { return }
        for heartbeat in roster.heartbeats { heartbeats[heartbeat.incarnation] = heartbeat.counter }
        dead = roster.dead.sorted { $0.description < $1.description }
        // A process that was certified dead goes on as another one.
        for index in incarnations.indices
        where dead.contains(incarnations[index]) && random.isOne(in: 4) {
            incarnations[index] = Incarnation(using: &random)
        }
    }
}

// MARK: - Rooms

extension RandomCalls {
    mutating func publish() -> PublishCall {
        let room = one(of: rooms)
        if random.isOne(in: 5), let call = removal(in: room) { return call }
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
            epoch: epoch(),
            incarnation: incarnation,
            room: room,
            position: position(in: room),
            drafts: drafts
        )
    }

    /// Limits on removals that an answer meets or does not, however long the commands between take.
    mutating func removalLimits(_ retention: Store.Retention) -> Store.Retention {
        Store.Retention(
            messages: retention.messages,
            bytes: retention.bytes,
            age: .milliseconds(retention.milliseconds),
            removalWindow: below(4) == 0 ? .zero : .seconds(3600),
            removalPause: below(2) == 0 ? .seconds(3600) : .zero
        )
    }

    /// Takes a message back that was seen lately: mostly the sender's newest, sometimes another one or none.
    private mutating func removal(in room: RoomName) -> PublishCall? {
        guard !held.isEmpty, let places = seen[room], !places.isEmpty else { return nil }
        let holder = held[held.count - 1 - random.below(random.isOne(in: 4) ? held.count : 1)]
        let newest = Array(places.suffix(8))
        let own = newest.filter { $0.mid.producer == holder.grant.producer }
        let place = one(of: own.isEmpty || random.isOne(in: 2) ? newest : own)
        let target = MessagePlace(seq: near(place.seq, missing: 16), mid: place.mid)
        let isOwn = !random.isOne(in: 4)
        let notice = RemovedBody.notice(of: target, by: "Ada", reason: nil, in: room)
        let draft = SealedDraft(
            key: isOwn ? holder.claim.username.key : "",
            login: holder.claim.login,
            fence: holder.grant.fence,
            producer: isOwn ? holder.grant.producer : ProducerID(using: &random),
            n: isOwn ? near(holder.grant.n + 1) : 1,
            draft: Draft(
                sender: SocketID(slot: 0, generation: 0),
                room: room,
                body: notice,
                tag: DraftTag.none.ofRemoval(by: isOwn ? .author : .moderator)
            )
        )
        return PublishCall(
            epoch: epoch(),
            incarnation: holder.claim.incarnation,
            room: room,
            position: position(in: room),
            drafts: [draft]
        )
    }

    /// Mostly the newest place; sometimes one before it, one of another message, or none.
    private mutating func position(in room: RoomName) -> Position? {
        guard let newest = seen[room]?.last, !random.isOne(in: 6) else { return nil }
        let place = random.isOne(in: 6) ? one(of: seen[room] ?? [newest]) : newest
        return Position(epoch: place.epoch, seq: near(place.seq, missing: 16), mid: place.mid)
    }

    enum Change {
        case top(MessagePlace?)
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
            login: held.claim.login,
            fence: held.grant.fence,
            producer: held.grant.producer,
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
                let mid = MessageID(producer: grant.producer, n: sealed.n)
                let place = Position(epoch: call.epoch.number, seq: seq, mid: mid)
                seen[call.room] = (seen[call.room] ?? []).suffix(40) + [place]
            case .gap(let expected): held[index].grant = grant.at(expected - 1, seq: 0)
            case .duplicate(let seq?): held[index].grant = grant.at(sealed.n, seq: seq)
            case .duplicate, .fenced, .notRemoved: break
            }
        }
    }

    /// A question, and what names the room's place if it begins now.
    mutating func catchUp() -> (CatchUpCall, birth: ProducerID) {
        let room = one(of: rooms)
        var position: Position?
        let places = seen[room] ?? []
        if let place = places.isEmpty ? nil : one(of: places), !random.isOne(in: 12) {
            position = Position(
                epoch: random.isOne(in: 3) ? epochs[epochs.count - 1].number : place.epoch,
                seq: near(place.seq),
                mid: random.isOne(in: 20) ? .birth(one(of: producers)) : place.mid
            )
        }
        let marks = places.filter { _ in random.isOne(in: 6) }.reversed()
            .map { MessagePlace(seq: $0.seq, mid: $0.mid) }
        let call = CatchUpCall(
            epoch: epoch(),
            room: room,
            position: position,
            marks: marks,
            limit: 1 + random.below(12),
            replacing: position == nil ? nil : replacing(in: room),
            mayLackMore: random.isOne(in: 2)
        )
        return (call, ProducerID(using: &random))
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
        Grant(fence: fence, producer: producer, n: n, seq: seq)
    }
}
