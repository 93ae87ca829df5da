import ChatCore
import TestSupport
import Testing

@testable import ChatRedis

/// What only a Redis can do to its callers.
@Suite struct ScriptTests {
    private func harness() async throws -> (StoreHarness, ScriptStore) {
        let harness = try await StoreHarness(.scripts)
        guard let redis = harness.subject as? ScriptStore else { throw Unexpected("no Redis") }
        return (harness, redis)
    }

    @Test func `the last epoch is one whose messages are read, and behind it none begins`()
        async throws
    {
        let (harness, redis) = try await harness()
        try harness.begin(highestEpoch: Limits.epochs - 2, highestFence: 0)
        #expect(harness.epoch.number == Limits.epochs - 1)
        _ = try redis.endGrace(harness.epoch)
        try harness.register(harness.node)
        let ada = try harness.hold("Ada")
        #expect(ada.grant.fence == (Limits.epochs - 1) << 20 + 1)
        let call = PublishCall(
            epoch: harness.epoch,
            incarnation: harness.node,
            room: .lobby,
            position: nil,
            drafts: [ada.sealed(1, .lobby, #"{"v":1}"#)]
        )
        let delivered = try #require(try redis.publish(call).delivered)
        guard case .messages(let heard) = PublicationCodec.parse(delivered, room: .lobby) else {
            throw Unexpected(String(decoding: delivered, as: UTF8.self))
        }
        #expect(heard.epoch == Limits.epochs - 1)
        let log = try redis.log(of: .lobby)
        #expect(log.map(\.epoch) == [Limits.epochs - 1])

        let before = try redis.client.run("HGETALL", redis.codec.keys.epoch)
        try redis.restart()
        for highest in [0, Limits.epochs - 1] {
            let error = #expect(throws: StoreReplyError.self) {
                try harness.begin(highestEpoch: highest)
            }
            guard case .refused(let text) = error, text.contains("\(Limits.epochs - 1)") else {
                throw Unexpected("\(String(describing: error))")
            }
        }
        #expect(try redis.client.run("HGETALL", redis.codec.keys.epoch) == before)
    }

    @Test func `a silent room is forgotten after a day, unless somebody asks for it`() async throws
    {
        let (harness, redis) = try await harness()
        _ = try harness.say(harness.hold("Ada"), [1])
        // The expiry is set anew once in a 64th of a day, and is that much longer.
        let day: ClosedRange<Int64> = 86_300...(86_400 + 86_400 / 64)
        let keys = [redis.codec.keys.room(.lobby), redis.codec.keys.log(of: .lobby)]
        for key in keys { #expect(day ~= (try redis.client.run("TTL", key).number ?? -1)) }
        for key in keys { _ = try redis.client.run("EXPIRE", key, "100") }
        _ = try harness.page(behind: nil)
        // The top stays where members are: if it went, numbers would begin anew.
        #expect(day ~= (try redis.client.run("TTL", keys[0]).number ?? -1))
        #expect(try redis.client.run("TTL", keys[1]).number ?? -1 <= 100)
    }

    @Test func `what is kept of a free name is forgotten after a day`() async throws {
        let (harness, redis) = try await harness()
        func life(of key: String) throws -> Int64? {
            try redis.client.run("TTL", redis.codec.keys.name(key)).number
        }
        let day: ClosedRange<Int64> = 86_300...86_400
        let ada = try harness.hold("Ada")
        #expect(try life(of: "ada") == -1)
        #expect(try harness.release(ada, .empty))
        #expect(day ~= (try life(of: "ada") ?? -3))
        // The record of a name that has passed on keeps a stopped process from claiming it again.
        let bob = try harness.holds(harness.takeOver(harness.hold("Bob")))
        #expect(try life(of: "bob") == -1)
        #expect(try harness.release(bob, .delete))
        #expect(day ~= (try life(of: "bob") ?? -3))
        let eve = try harness.hold("Eve")
        #expect(try harness.release(eve, .delete))
        #expect(try life(of: "eve") == -2)
    }

    @Test func `how long a room lives is told again when some of it is over`() async throws {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        let room = redis.codec.keys.room(.lobby)
        _ = try harness.say(ada, [1])
        for key in [room, redis.codec.keys.log(of: .lobby)] {
            _ = try redis.client.run("EXPIRE", key, "100")
        }
        _ = try harness.say(ada, [2])
        #expect(try redis.client.run("TTL", room).number ?? -1 <= 100)
        let renewed = try #require(try redis.client.run("HGET", room, "renewed").number)
        _ = try redis.client.run("HSET", room, "renewed", "\(renewed - 86_400_000 / 64)")
        _ = try harness.say(ada, [3])
        for key in [room, redis.codec.keys.log(of: .lobby)] {
            #expect(try redis.client.run("TTL", key).number ?? -1 > 86_300)
        }
    }

    @Test func `a log never outlives its room, however often somebody asks`() async throws {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        let room = redis.codec.keys.room(.lobby)
        let log = redis.codec.keys.log(of: .lobby)
        _ = try harness.say(ada, [1])
        for n in 2...4 as ClosedRange<UInt64> {
            _ = try harness.page(behind: nil)
            // Asked in this order, so that time between the two cannot hide it.
            let ofRoom = try #require(try redis.client.run("PTTL", room).number)
            let ofLog = try #require(try redis.client.run("PTTL", log).number)
            #expect(ofRoom >= ofLog - 10, "a page takes less than 10 ms")
            _ = try harness.say(ada, [n])
        }
    }

    @Test func `what was taken away by hand of a held name is no error for others`() async throws {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        _ = try harness.say(ada, [1])
        _ = try redis.client.run("DEL", redis.codec.keys.held(by: harness.node))
        #expect(try harness.say(ada, [2]) == [.fenced])
        #expect(try redis.claim(harness.claim("Ada")) == .taken)
        let grant = try harness.granted(harness.again(ada, n: 1, seq: 1))
        #expect(grant.fence > ada.grant.fence)
        #expect(grant.n == 1)
        // The same of one that is dead: its name comes free.
        _ = try redis.client.run("DEL", redis.codec.keys.held(by: harness.node))
        _ = try redis.client.run("SADD", redis.codec.keys.dead, harness.node.description)
        #expect(try harness.reap(harness.node, [ada.claim.username.key]) == .left(0))
    }

    @Test func `a record taken away by hand leaves two holders, until the former logs out`()
        async throws
    {
        let (harness, redis) = try await harness()
        let former = try harness.hold("Ada")
        _ = try redis.client.run("DEL", redis.codec.keys.name(former.claim.username.key))
        let claim = try harness.claim("Ada", by: harness.other)
        let latter = Holding(claim: claim, grant: try harness.granted(claim))
        #expect(try harness.say(former, [1]) == [.accepted(seq: 1)])
        #expect(try harness.release(former) == false)
        #expect(try harness.say(former, [2]) == [.fenced])
        #expect(try redis.heldKeys(of: harness.node) == [])
        #expect(try harness.say(latter, [1]) == [.accepted(seq: 2)])
        // The same if no other login has claimed the name since.
        _ = try redis.client.run("DEL", redis.codec.keys.name(latter.claim.username.key))
        #expect(try harness.release(latter) == false)
        #expect(try redis.heldKeys(of: harness.other) == [])
    }

    @Test func `all names of a node are found, a page at a time`() async throws {
        let (harness, redis) = try await harness()
        let count = Limits.auditNames * 2
        for index in 0..<count { _ = try harness.hold("user\(index)") }
        let first = try redis.codec.heldPageAnswer(
            redis.client.run(redis.codec.heldPageWords(of: harness.node, from: 0))
        )
        #expect(first.next != 0)
        #expect(first.keys.count < count)
        #expect(try redis.heldKeys(of: harness.node).count == count)
    }

    @Test func `what a name is held by makes Redis keep a table, not a list`() async throws {
        let (harness, redis) = try await harness()
        _ = try harness.hold("A")
        let held = redis.codec.keys.held(by: harness.node)
        #expect(try redis.client.run("OBJECT", "ENCODING", held).text == "hashtable")
    }

    @Test func `messages are not forgotten before they are too old to be kept`() async throws {
        let week = Store.Retention(age: .seconds(7 * 86_400))
        let codec = StoreCodec(keys: RedisKeys(prefix: "chat"), retention: week)
        #expect(codec.memory == 7 * 86_400_000)
        let hour = Store.Retention(age: .seconds(3600))
        #expect(StoreCodec(keys: RedisKeys(prefix: "chat"), retention: hour).memory == 86_400_000)
    }

    @Test func `a Redis without memory refuses a message and writes nothing`() async throws {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        let bob = try harness.hold("Bob")
        _ = try redis.client.run("CONFIG", "SET", "maxmemory", "1")
        let error = #expect(throws: StoreReplyError.self) { try harness.say(ada, [1]) }
        guard case .refused(let text) = error, text.hasPrefix("OOM ") else {
            throw Unexpected("\(String(describing: error))")
        }
        #expect(try redis.log(of: .lobby) == [])
        #expect(try harness.release(ada), "what frees memory still works")
        #expect(try harness.release(bob, .empty))
        _ = try redis.client.run("CONFIG", "SET", "maxmemory", "0")
        #expect(try harness.granted(harness.takeOver(bob)).producer == bob.grant.producer)
        #expect(try harness.say(harness.hold("Ada"), [1]) == [.accepted(seq: 1)])
    }

    @Test func `a replica refuses a message and writes nothing`() async throws {
        let (harness, redis) = try await harness()
        let ada = try harness.hold("Ada")
        _ = try redis.client.run("REPLICAOF", "127.0.0.1", "1")
        let error = #expect(throws: StoreReplyError.self) { try harness.say(ada, [1]) }
        guard case .refused(let text) = error, text.hasPrefix("READONLY ") else {
            throw Unexpected("\(String(describing: error))")
        }
        #expect(try redis.log(of: .lobby) == [])
    }

    @Test func `a Redis that has forgotten the scripts says so`() async throws {
        let (harness, redis) = try await harness()
        _ = try redis.client.run("SCRIPT", "FLUSH")
        let error = #expect(throws: StoreReplyError.self) { try harness.renew(harness.node) }
        guard case .refused(let text) = error, text.hasPrefix("NOSCRIPT ") else {
            throw Unexpected("\(String(describing: error))")
        }
    }

    @Test func `every key begins with the prefix, as every channel does`() async throws {
        let server = try await TestRedis.start()
        let redis = try ScriptStore(server, .init(), prefix: "my:chat")
        let harness = try StoreHarness(redis)
        let ada = try harness.hold("Ada")
        try harness.begin(RoomName("r"))
        let call = PublishCall(
            epoch: harness.epoch,
            incarnation: harness.node,
            room: try RoomName("r"),
            position: nil,
            drafts: [ada.sealed(1, try RoomName("r"))]
        )
        // `ScriptStore` compares the channel.
        #expect(try redis.publish(call).delivered != nil)
        _ = try harness.certify(harness.node, counter: 0)
        _ = try harness.granted(harness.again(ada, by: harness.other))
        let keys = try redis.client.run("KEYS", "*").elements?.compactMap(\.text) ?? []
        #expect(keys.count > 5)
        #expect(keys.allSatisfy { $0.hasPrefix("my:chat/") })
    }
}
