import ChatCore
import TestSupport
import Testing

@testable import ChatRedis

/// The records of names in Redis, and data that another version of the program wrote.
@Suite struct RecordTests {
    private func harness() async throws -> (StoreHarness, ScriptStore) {
        let harness = try await StoreHarness(.scripts)
        guard let redis = harness.subject as? ScriptStore else { throw Unexpected("no Redis") }
        return (harness, redis)
    }

    @Test(arguments: [2 as UInt64, 8])
    func `data of another version is not touched`(version: UInt64) async throws {
        let (_, redis) = try await harness()
        _ = try redis.client.run("HSET", redis.codec.keys.epoch, "version", "\(version)")
        let before = try redis.client.run("HGETALL", redis.codec.keys.epoch)
        try redis.restart()
        let call = OpenEpochCall(highestEpoch: 1 << 32, highestFence: 0, isNewCluster: true)
        #expect(try redis.openEpoch(call) == .otherVersion(version: version))
        #expect(try redis.client.run("HGETALL", redis.codec.keys.epoch) == before)
    }

    /// Turns the record of a name into what version 3 of this program wrote: fields without a use are
    /// there, and the holder of a free name is empty.
    private func makeVersion3(_ key: String, _ redis: ScriptStore) throws {
        let name = redis.codec.keys.name(key)
        _ = try redis.client.run("HSET", name, "before", "", "linger", "", "rooms", "")
        _ = try redis.client.run("HSETNX", name, "node", "")
        _ = try redis.client.run("HSET", redis.codec.keys.epoch, "version", "3")
    }

    @Test(arguments: [3, 4, 5, 6])
    func `data of an older version is taken over in a new epoch, with its names and messages`(
        version: Int
    ) async throws {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        #expect(
            try harness.say(ada, [1, 2]) == [.accepted(seq: 1), .accepted(seq: 2)]
        )
        try makeVersion3("ada", redis)
        _ = try redis.client.run("HSET", redis.codec.keys.epoch, "version", "\(version)")
        let before = harness.epoch
        #expect(try harness.begin(isNewCluster: true) == true)
        // The calls of a node of that version name another epoch from now on.
        #expect(harness.epoch.number == before.number + 1)
        #expect(try redis.client.run("HGET", redis.codec.keys.epoch, "version").text == "7")
        // The room keeps its top, and its log is read.
        let start = Position(epoch: before.number, seq: 1, mid: ada.mid(1))
        #expect(try harness.page(behind: nil).top == harness.place(2, ada))
        let page = try harness.page(behind: harness.place(0, ada))
        #expect(page.continuity == .proven)
        #expect(page.entries.mids == [ada.mid(1), ada.mid(2)])
        #expect(try harness.page(behind: start).entries.mids == [ada.mid(2)])
        // The name stays with its holder.
        #expect(try redis.endGrace(harness.epoch))
        #expect(try redis.claim(harness.claim("Ada", by: harness.other)) == .taken)
        let again = Holding(claim: ada.claim, grant: try harness.granted(harness.again(ada)))
        #expect(again.grant.producer == ada.grant.producer)
        #expect((again.grant.n, again.grant.seq) == (2, 2))
        #expect(try harness.say(again, [3], from: harness.place(2, ada)) == [.accepted(seq: 3)])
    }

    @Test func `a name that was free in the version before is free, and remembers its owner`()
        async throws
    {
        let (harness, redis) = try await harness()
        let (ada, bob) = (try harness.hold("Ada"), try harness.hold("Bob"))
        _ = try harness.say(ada, [1])
        _ = try harness.say(bob, [1])
        _ = try harness.certify(harness.node, counter: 0)
        #expect(try harness.reap(harness.node, ["ada", "bob"]) == .left(0))
        for key in ["ada", "bob"] { try makeVersion3(key, redis) }
        try harness.begin()
        #expect(try redis.claim(harness.claim("Ada", by: harness.other)) == .grace)
        // The owner comes back to where it was.
        let back = try harness.granted(harness.again(ada, by: harness.other))
        #expect(back.producer == ada.grant.producer)
        #expect((back.n, back.seq) == (1, 1))
        // The other name is granted to the first login that claims it.
        #expect(try redis.endGrace(harness.epoch))
        let claim = try harness.claim("Bob", by: harness.other)
        let grant = try harness.granted(claim)
        #expect((grant.n, grant.seq) == (0, 0))
        #expect(grant.fence == back.fence + 1)
        #expect(try redis.claim(harness.claim("Bob", by: harness.other)) == .taken)
        #expect(
            try Set(redis.record("bob").keys)
                == ["node", "session", "lineage", "fence", "epoch", "call", "display", "passed"]
        )
        #expect(try redis.heldKeys(of: harness.other) == ["ada", "bob"])
    }

    @Test func `what version 2 left in a log counts as no longer kept`() async throws {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1, 2])
        let log = redis.codec.keys.log(of: .lobby)
        let id = "1-\(harness.epoch.number)"
        let entry = try redis.client.run("XRANGE", log, id, id).elements?.first?.elements?.last
        let fields = entry?.elements?.compactMap(\.text) ?? []
        #expect(fields.count == 10)
        // The same entry without the message before its first.
        _ = try redis.client.run("DEL", log)
        let words = ["XADD", log, id] + fields[..<6] + fields[8...]
        _ = try redis.client.run(RedisCommand(words.map { Array($0.utf8) }))
        let page = try harness.page(behind: harness.place(1, ada))
        #expect(page.continuity == .trimmed)
        #expect(page.entries.isEmpty)
        // A top that is gone is found in it.
        _ = try redis.client.run("DEL", redis.codec.keys.room(.lobby))
        #expect(try harness.page(behind: nil).top == harness.place(2, ada))
        #expect(try harness.say(ada, [3], from: harness.place(2, ada)) == [.accepted(seq: 3)])
        let next = try harness.page(behind: harness.place(2, ada))
        #expect(next.continuity == .proven)
        #expect(next.entries.mids == [ada.mid(3)])
    }

    @Test func `the record of a free name has no holder, and a new grant deletes what it had`()
        async throws
    {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1])
        #expect(try redis.record("ada")["node"] == harness.node.description)
        _ = try harness.certify(harness.node, counter: 0)
        #expect(try harness.reap(harness.node, ["ada"]) == .left(0))
        let free = try redis.record("ada")
        #expect(free["node"] == nil)
        #expect(free["n"] == "1")
        #expect(free["seq"] == "1")
        #expect(free["session"] == ada.claim.login.description)
        // Also what this version knows nothing of.
        let name = redis.codec.keys.name("ada")
        _ = try redis.client.run("HSET", name, "before", "b", "linger", "1", "sub", "s")
        let claim = try harness.claim("Ada", by: harness.other)
        let grant = try harness.granted(claim)
        #expect(
            try redis.record("ada") == [
                "node": harness.other.description, "session": claim.login.description,
                "lineage": grant.producer.description, "fence": "\(grant.fence)",
                "epoch": "\(harness.epoch.number)", "call": "0", "display": "Ada",
                "passed": "1",
            ]
        )
        #expect(try redis.client.run("TTL", name).number == -1)
        #expect(try redis.claim(harness.again(ada, by: harness.other)) == .lost)
    }

    @Test(arguments: [false, true])
    func `a Redis without memory refuses a claim and writes nothing`(isOfDead: Bool) async throws {
        let (harness, redis) = try await harness()
        _ = try harness.hold("Ada")
        if isOfDead { _ = try harness.certify(harness.node, counter: 0) }
        let claim = try harness.claim(isOfDead ? "Ada" : "Bob", by: harness.other)
        let records = try ["ada", "bob"].map(redis.record)
        let fence = try redis.client.run("HGET", redis.codec.keys.epoch, "fence")
        _ = try redis.client.run("CONFIG", "SET", "maxmemory", "1")
        let error = #expect(throws: StoreReplyError.self) { try redis.claim(claim) }
        guard case .refused(let text) = error, text.hasPrefix("OOM ") else {
            throw Unexpected("\(String(describing: error))")
        }
        #expect(try ["ada", "bob"].map(redis.record) == records)
        #expect(try redis.client.run("HGET", redis.codec.keys.epoch, "fence") == fence)
        _ = try redis.client.run("CONFIG", "SET", "maxmemory", "0")
        _ = try harness.granted(claim)
    }
}

extension ScriptStore {
    /// Returns the fields of a name's record.
    fileprivate func record(_ key: String) throws -> [String: String] {
        let texts = try client.run("HGETALL", codec.keys.name(key)).elements?.map(\.text) ?? []
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: texts.count, by: 2) {
            fields[texts[index] ?? ""] = texts[index + 1]
        }
        return fields
    }
}
