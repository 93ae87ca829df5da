import TestSupport
import Testing

@testable import ChatCore
@testable import ChatRedis

/// The store in memory and the scripts, asked the same random questions.
@Suite struct DifferentialTests {
    @Test(arguments: [
        Store.Retention(messages: 8, bytes: 400, age: .seconds(3600)),
        // Commands take fractions of a millisecond.
        Store.Retention(messages: 20, bytes: 2000, age: .milliseconds(3)),
    ])
    func `the store and the scripts answer and keep the same`(
        _ retention: Store.Retention
    ) async throws {
        var both = Both(
            store: SwiftStore(retention),
            redis: try ScriptStore(try await TestRedis.start(), retention),
            calls: try RandomCalls(seed: Seed.value)
        )
        both.store.store.restart(dataSet: try both.redis.dataSet)
        var missing = Both.kinds
        for count in 1...100_000 {
            // A kind of answer that never comes is not compared.
            missing.removeAll { both.answers[$0] != nil }
            if count > 20_000, missing.isEmpty { break }
            do {
                try both.step()
                if count.isMultiple(of: 20) { try both.compareAll() }
            } catch {
                Issue.record("seed \(Seed.value), command \(count): \(error)")
                return
            }
        }
        #expect(missing == [], "seed \(Seed.value): \(both.answers)")
    }
}

/// Both stores with the same data, and the calls that both are sent.
struct Both {
    let store: SwiftStore
    let redis: ScriptStore
    var calls: RandomCalls
    /// How often each kind of answer came.
    var answers: [String: Int] = [:]

    static let kinds = [
        "fence grace", "fence plain", "register roster", "register unregistered",
        "register otherEpoch", "renew roster", "renew unregistered", "renew otherEpoch",
        "certify certified", "certify moved", "certify unregistered", "certify otherEpoch",
        "reap left", "reap notDead", "reap otherEpoch", "claim granted", "claim taken",
        "claim successorStands", "claim takenOver", "claim grace", "claim lost", "claim replaced",
        "claim unregistered", "claim otherEpoch", "claim later", "move done", "move fenced",
        "move otherEpoch", "present present", "told presence",
        "release delete true", "release empty true", "release linger true", "release delete false",
        "publish accepted", "publish duplicate", "publish gap",
        "publish notFound", "publish notOwn", "publish tooLate", "publish tooSoon", "removed",
        "publish fenced", "publish otherEpoch", "publish otherHistory", "change top", "change log",
        "catchUp replaced", "catchUp without a top", "catchUp proven", "catchUp trimmed",
        "catchUp replaced by a birth", "catchUp rewound", "catchUp otherEpoch", "endGrace true",
        "endGrace false",
    ]

    mutating func step() throws {
        switch calls.below(100) {
        case 0: try restart()
        case 1 where calls.below(3) == 0: try erase()
        case 2..<5: try openEpoch()
        case 5..<8: try endGrace()
        case 8..<14: try register()
        case 14..<20: try renew()
        case 20..<22: try certify()
        case 22..<26: try reap()
        case 26..<48: try claim()
        case 48..<52: try release()
        case 52..<58: try move()
        case 58..<79: try publish()
        case 79: try change()
        default: try catchUp()
        }
    }

    mutating func same<Answer: Equatable>(
        _ name: String,
        _ kind: String,
        _ call: Any,
        _ ours: Answer,
        _ theirs: Answer
    ) throws {
        guard ours == theirs else {
            throw Unexpected("\(call)\n  store:   \(ours)\n  scripts: \(theirs)")
        }
        answers["\(name) \(kind)", default: 0] += 1
    }
}

// MARK: - One call each

extension Both {
    private mutating func restart() throws {
        try redis.restart()
        store.store.restart(dataSet: try redis.dataSet)
        // Who does not know it yet goes on in the old epoch.
        if calls.below(3) > 0 { try openEpoch() }
    }

    mutating func openEpoch() throws {
        let call = calls.openEpoch()
        let theirs = try redis.openEpoch(call)
        guard case .epoch(let epoch, let isGrace) = theirs else { throw Unexpected("\(theirs)") }
        // The first epoch of an empty data set is the second in which it began.
        store.store.unixSecond = epoch.number
        try same("fence", isGrace ? "grace" : "plain", call, store.openEpoch(call), theirs)
        calls.learn(theirs)
    }

    private mutating func endGrace() throws {
        let epoch = calls.anyEpoch()
        let theirs = try redis.endGrace(epoch)
        try same("endGrace", "\(theirs)", epoch, store.endGrace(epoch), theirs)
    }

    private mutating func register() throws {
        let call = calls.register()
        let theirs = try redis.register(call)
        try same("register", theirs.word, call, store.register(call).sets, theirs.sets)
        calls.learn(theirs)
    }

    private mutating func renew() throws {
        let call = calls.renew()
        let theirs = try redis.renew(call)
        try same("renew", theirs.word, call, store.renew(call).sets, theirs.sets)
        calls.learn(theirs)
    }

    private mutating func certify() throws {
        let call = calls.certify()
        let theirs = try redis.certify(call)
        try same("certify", "\(theirs)", call, store.certify(call), theirs)
    }

    private mutating func claim() throws {
        let call = calls.claims()
        let theirs = try redis.claim(call)
        try same("claim", word(theirs), call, store.claim(call), theirs)
        try sameTold(call)
        for (claim, verdict) in zip(call.claims, theirs.verdicts) {
            answers["claim \(word(verdict))", default: 0] += 1
            if claim.known == nil, case .granted(let grant) = verdict,
                grant.producer != claim.producer
            {
                answers["claim takenOver", default: 0] += 1
            }
        }
        calls.learn(theirs, to: call)
    }

    private mutating func publish() throws {
        let call = calls.publish()
        keep(calls.removalLimits(store.store.retention))
        let theirs = try redis.publish(call)
        if case .verdicts(_, let ms) = theirs.answer { store.ms = ms }
        let ours = store.publish(call)
        try same("publish", word(theirs.answer), call, ours.answer, theirs.answer)
        try same("delivery", "\(theirs.delivered != nil)", call, ours.delivered, theirs.delivered)
        if case .verdicts(let verdicts, _) = theirs.answer {
            for verdict in verdicts { answers["publish \(kind(of: verdict))", default: 0] += 1 }
            if call.removal != nil, theirs.delivered != nil { answers["removed", default: 0] += 1 }
        }
        if let bytes = theirs.delivered,
            case .messages(let publication) = PublicationCodec.parse(bytes, room: call.room)
        {
            try same("payload", "", call, PublicationCodec.encode(publication), bytes)
        } else if theirs.delivered != nil {
            throw Unexpected("a payload that cannot be read")
        }
        calls.learn(theirs.answer, to: call)
    }

    private func keep(_ retention: Store.Retention) {
        store.store.retention = retention
        redis.codec = StoreCodec(keys: redis.codec.keys, retention: retention)
    }

    private mutating func catchUp() throws {
        let (call, birth) = calls.catchUp()
        let theirs = try redis.catchUp(call, birth: birth)
        var kind = "otherEpoch"
        if case .page(let page) = theirs {
            kind = "\(page.continuity)"
            if page.top == nil { kind = "without a top" }
            if call.replacing != nil, let top = page.top, top == call.position { kind = "replaced" }
            if page.top?.mid == .birth(birth), call.mayLackMore { kind = "replaced by a birth" }
        }
        try same("catchUp", kind, call, store.catchUp(call, birth: birth), theirs)
        try history(of: call.room)
        calls.learn(theirs, to: call)
    }

    /// Changes a room's keys as an operator would by hand.
    private mutating func change() throws {
        let (room, change) = calls.change()
        switch change {
        case .top(let top):
            guard store.store.rooms[room]?.top != nil else { return }
            try redis.changeTop(of: room, to: top)
            store.changeTop(of: room, to: top)
            answers["change top", default: 0] += 1
        case .log:
            try redis.loseLog(of: room)
            store.loseLog(of: room)
            answers["change log", default: 0] += 1
        }
    }

    /// What an answer is, without what it carries.
    private func kind(of verdict: PublishVerdict) -> String {
        if case .notRemoved(let why) = verdict { word(why) } else { word(verdict) }
    }

    func word(_ answer: Any) -> String {
        String("\(answer)".prefix { $0 != "(" })
    }
}

// MARK: - Everything kept

extension Both {
    mutating func compareAll() throws {
        try comparePresence()
        for room in calls.rooms {
            try same("log", "", room, store.log(of: room), try redis.log(of: room))
            let top = try redis.client.run("HMGET", redis.codec.keys.room(room), "seq", "mid")
            let ours = store.store.rooms[room]?.top
            let texts = [ours.map { "\($0.seq)" }, ours?.mid.description]
            try same("top", "", room, texts, top.elements?.map(\.text) ?? [])
        }
        try compareNames()
        let keys = redis.codec.keys
        let heartbeats = try redis.client.run("HGETALL", keys.nodes).elements ?? []
        let ours = store.store.heartbeats.flatMap { [$0.key.description, "\($0.value)"] }
        try same("nodes", "", "", Set(ours), Set(heartbeats.compactMap(\.text)))
        let dead = try redis.client.run("SMEMBERS", keys.dead).elements ?? []
        let ourDead = store.store.dead.map(\.description)
        try same("dead", "", "", Set(ourDead), Set(dead.compactMap(\.text)))
        let fence = try redis.client.run("HGET", keys.epoch, "fence").text
        try same("fence counter", "", "", store.store.epochState.map { "\($0.lastFence)" }, fence)
    }
}

extension RosterAnswer {
    fileprivate var word: String {
        switch self {
        case .roster: "roster"
        case .unregistered: "unregistered"
        case .otherEpoch: "otherEpoch"
        }
    }

    /// A roster has no order.
    fileprivate var sets: [AnyHashable] {
        guard case .roster(let roster) = self else { return [word] }
        return [Set(roster.heartbeats), Set(roster.dead)]
    }
}
