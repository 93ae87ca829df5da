import ChatCore
import TestSupport
import Testing

@testable import ChatNode

/// What only a Redis can do to its callers.
@Suite struct ScriptTests {
    private func bench() async throws -> (Bench, RedisKeeper) {
        let bench = try await Bench(.scripts)
        guard let redis = bench.keeper as? RedisKeeper else { throw Unexpected("no Redis") }
        return (bench, redis)
    }

    @Test(arguments: [1 as UInt64, 4])
    func `data of another version is not touched`(version: UInt64) async throws {
        let (_, redis) = try await bench()
        _ = try redis.client.run("HSET", redis.codec.keys.epoch, "version", "\(version)")
        let before = try redis.client.run("HGETALL", redis.codec.keys.epoch)
        try redis.restart()
        let call = FenceCall(highestEpoch: 1 << 32, highestFence: 0, isNewCluster: true)
        #expect(try redis.fence(call) == .otherVersion(version: version))
        #expect(try redis.client.run("HGETALL", redis.codec.keys.epoch) == before)
    }

    /// What version 2 of this program wrote: three messages of two calls, the latter's number without
    /// a hole behind the former's, and a name with its place among those held.
    private func writeVersion2(_ bench: Bench, _ redis: RedisKeeper, _ ada: Holding) throws {
        let keys = redis.codec.keys
        _ = try redis.client.run("HSET", keys.epoch, "version", "2")
        _ = try redis.client.run("DEL", keys.room(.lobby))
        for (id, count, sum, ns) in [("1", "1", "20", [1]), ("2", "2", "60", [2, 3])] {
            let messages = ns.map { "\(ada.mid(UInt64($0))) 7\n{\"v\":\($0)}\n" }.joined()
            _ = try redis.client.run(
                "XADD",
                keys.log(of: .lobby),
                "\(id)-\(bench.reign.epoch)",
                "count",
                count,
                "ms",
                "1700000000000",
                "sum",
                sum,
                "messages",
                messages
            )
        }
        let mid = ada.mid(3).description
        _ = try redis.client.run(
            "HSET",
            keys.room(.lobby),
            "seq",
            "3",
            "mid",
            mid,
            "sum",
            "60",
            "base",
            "0",
            "since",
            "1700000000000"
        )
        let held = keys.held(by: bench.node)
        let line = try redis.client.run("HGET", held, ada.claim.username.key).text ?? ""
        let proof = line.split(separator: " ").prefix(3).joined(separator: " ")
        _ = try redis.client.run("HSET", held, ada.claim.username.key, proof + " 3 3")
    }

    @Test
    func `data of the version before is taken over in a new reign, with its names and places`()
        async throws
    {
        let (bench, redis) = try await bench()
        let ada = try bench.hold("Ada")
        try writeVersion2(bench, redis, ada)
        let before = bench.reign
        let place = Position(epoch: before.epoch, seq: 1, mid: ada.mid(1))
        #expect(try bench.begin(isNewCluster: true) == true)
        // So that every call of a node of that version is turned away from now on.
        #expect(bench.reign.epoch == before.epoch + 1)
        let version = try redis.client.run("HGET", redis.codec.keys.epoch, "version").text
        #expect(version == "3")
        // The room keeps its top, and what its log has of the old form counts as trimmed.
        #expect(try bench.page(behind: nil).top == bench.place(3, ada))
        let page = try bench.page(behind: place)
        #expect(page.footing == .rewound)
        #expect(page.entries.isEmpty)
        #expect(try bench.page(behind: bench.place(3, ada)).footing == .proven)
        let again = Holding(claim: ada.claim, grant: try bench.granted(bench.again(ada)))
        #expect((again.grant.n, again.grant.seq) == (3, 3))
        #expect(try bench.say(again, [4], from: bench.place(3, ada)) == [.accepted(seq: 4)])
        let next = try bench.page(behind: bench.place(3, ada))
        #expect(next.footing == .proven)
        #expect(next.entries.mids == [ada.mid(4)])
        #expect(try bench.page(behind: place).entries.mids == [ada.mid(4)])
    }

    @Test func `a top that is gone is found in a log of the version before`() async throws {
        let (bench, redis) = try await bench()
        let ada = try bench.hold("Ada")
        try writeVersion2(bench, redis, ada)
        _ = try redis.client.run("DEL", redis.codec.keys.room(.lobby))
        try bench.begin()
        #expect(try bench.page(behind: nil).top == bench.place(3, ada))
    }

    @Test func `the last epoch is one whose messages are read, and behind it none begins`()
        async throws
    {
        let (bench, redis) = try await bench()
        try bench.begin(highestEpoch: Limits.epochs - 2, highestFence: 0)
        #expect(bench.reign.epoch == Limits.epochs - 1)
        _ = try redis.endGrace(bench.reign)
        try bench.register(bench.node)
        let ada = try bench.hold("Ada")
        #expect(ada.grant.fence == (Limits.epochs - 1) << 20 + 1)
        let call = PublishCall(
            reign: bench.reign,
            incarnation: bench.node,
            room: .lobby,
            position: nil,
            drafts: [ada.sealed(1, .lobby, #"{"v":1}"#)]
        )
        let delivered = try #require(try redis.publish(call).delivered)
        guard case .messages(let heard) = BusPayload.parse(delivered, room: .lobby) else {
            throw Unexpected(String(decoding: delivered, as: UTF8.self))
        }
        #expect(heard.epoch == Limits.epochs - 1)
        let log = try redis.log(of: .lobby)
        #expect(log.map(\.epoch) == [Limits.epochs - 1])

        let before = try redis.client.run("HGETALL", redis.codec.keys.epoch)
        try redis.restart()
        for highest in [0, Limits.epochs - 1] {
            let error = #expect(throws: StoreReplyError.self) {
                try bench.begin(highestEpoch: highest)
            }
            guard case .refused(let text) = error, text.contains("\(Limits.epochs - 1)") else {
                throw Unexpected("\(String(describing: error))")
            }
        }
        #expect(try redis.client.run("HGETALL", redis.codec.keys.epoch) == before)
    }

    @Test func `a silent room is forgotten after a day, unless somebody asks for it`() async throws
    {
        let (bench, redis) = try await bench()
        _ = try bench.say(bench.hold("Ada"), [1])
        // Told anew once in a 64th of that time, and so much longer.
        let day: ClosedRange<Int64> = 86_300...(86_400 + 86_400 / 64)
        let keys = [redis.codec.keys.room(.lobby), redis.codec.keys.log(of: .lobby)]
        for key in keys { #expect(day ~= (try redis.client.run("TTL", key).number ?? -1)) }
        for key in keys { _ = try redis.client.run("EXPIRE", key, "100") }
        _ = try bench.page(behind: nil)
        // The top stays where members are: if it went, numbers would begin anew.
        #expect(day ~= (try redis.client.run("TTL", keys[0]).number ?? -1))
        #expect(try redis.client.run("TTL", keys[1]).number ?? -1 <= 100)
    }

    @Test func `how long a room lives is told again when some of it is over`() async throws {
        let (bench, redis) = try await bench()
        let ada = try bench.hold("Ada")
        let room = redis.codec.keys.room(.lobby)
        _ = try bench.say(ada, [1])
        for key in [room, redis.codec.keys.log(of: .lobby)] {
            _ = try redis.client.run("EXPIRE", key, "100")
        }
        _ = try bench.say(ada, [2])
        #expect(try redis.client.run("TTL", room).number ?? -1 <= 100)
        let renewed = try #require(try redis.client.run("HGET", room, "renewed").number)
        _ = try redis.client.run("HSET", room, "renewed", "\(renewed - 86_400_000 / 64)")
        _ = try bench.say(ada, [3])
        for key in [room, redis.codec.keys.log(of: .lobby)] {
            #expect(try redis.client.run("TTL", key).number ?? -1 > 86_300)
        }
    }

    @Test func `a log never outlives its room, however often somebody asks`() async throws {
        let (bench, redis) = try await bench()
        let ada = try bench.hold("Ada")
        let room = redis.codec.keys.room(.lobby)
        let log = redis.codec.keys.log(of: .lobby)
        _ = try bench.say(ada, [1])
        for n in 2...4 as ClosedRange<UInt64> {
            _ = try bench.page(behind: nil)
            // Asked in this order, so that time between the two cannot hide it.
            let ofRoom = try #require(try redis.client.run("PTTL", room).number)
            let ofLog = try #require(try redis.client.run("PTTL", log).number)
            #expect(ofRoom >= ofLog - 10, "a page takes less than 10 ms")
            _ = try bench.say(ada, [n])
        }
    }

    @Test func `what was taken away by hand of a held name is no error for others`() async throws {
        let (bench, redis) = try await bench()
        let ada = try bench.hold("Ada")
        _ = try bench.say(ada, [1])
        _ = try redis.client.run("DEL", redis.codec.keys.held(by: bench.node))
        #expect(try bench.say(ada, [2]) == [.fenced])
        #expect(try redis.claim(bench.claim("Ada")) == .taken)
        let grant = try bench.granted(bench.again(ada, n: 1, seq: 1))
        #expect(grant.fence > ada.grant.fence)
        #expect(grant.n == 1)
        // The same of one that is dead: its name comes free.
        _ = try redis.client.run("DEL", redis.codec.keys.held(by: bench.node))
        _ = try redis.client.run("SADD", redis.codec.keys.dead, bench.node.description)
        #expect(try bench.reap(bench.node, [ada.claim.username.key]) == .left(0))
    }

    @Test func `a record taken away by hand leaves two holders, until the former logs out`()
        async throws
    {
        let (bench, redis) = try await bench()
        let former = try bench.hold("Ada")
        _ = try redis.client.run("DEL", redis.codec.keys.name(former.claim.username.key))
        let claim = try bench.claim("Ada", by: bench.other)
        let latter = Holding(claim: claim, grant: try bench.granted(claim))
        #expect(try bench.say(former, [1]) == [.accepted(seq: 1)])
        #expect(try bench.release(former) == false)
        #expect(try bench.say(former, [2]) == [.fenced])
        #expect(try redis.heldKeys(of: bench.node) == [])
        #expect(try bench.say(latter, [1]) == [.accepted(seq: 2)])
        // The same where nobody has come since.
        _ = try redis.client.run("DEL", redis.codec.keys.name(latter.claim.username.key))
        #expect(try bench.release(latter) == false)
        #expect(try redis.heldKeys(of: bench.other) == [])
    }

    @Test func `all names of a node are found, a page at a time`() async throws {
        let (bench, redis) = try await bench()
        let count = Limits.auditNames * 2
        for index in 0..<count { _ = try bench.hold("user\(index)") }
        let first = try redis.codec.heldPageAnswer(
            redis.client.run(redis.codec.heldPageWords(of: bench.node, from: 0))
        )
        #expect(first.next != 0)
        #expect(first.keys.count < count)
        #expect(try redis.heldKeys(of: bench.node).count == count)
    }

    @Test func `what a name is held by makes Redis keep a table, not a list`() async throws {
        let (bench, redis) = try await bench()
        _ = try bench.hold("A")
        let held = redis.codec.keys.held(by: bench.node)
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
        let (bench, redis) = try await bench()
        let ada = try bench.hold("Ada")
        _ = try redis.client.run("CONFIG", "SET", "maxmemory", "1")
        let error = #expect(throws: StoreReplyError.self) { try bench.say(ada, [1]) }
        guard case .refused(let text) = error, text.hasPrefix("OOM ") else {
            throw Unexpected("\(String(describing: error))")
        }
        #expect(try redis.log(of: .lobby) == [])
        #expect(try bench.release(ada), "what frees memory still works")
        _ = try redis.client.run("CONFIG", "SET", "maxmemory", "0")
        #expect(try bench.say(bench.hold("Ada"), [1]) == [.accepted(seq: 1)])
    }

    @Test func `a replica refuses a message and writes nothing`() async throws {
        let (bench, redis) = try await bench()
        let ada = try bench.hold("Ada")
        _ = try redis.client.run("REPLICAOF", "127.0.0.1", "1")
        let error = #expect(throws: StoreReplyError.self) { try bench.say(ada, [1]) }
        guard case .refused(let text) = error, text.hasPrefix("READONLY ") else {
            throw Unexpected("\(String(describing: error))")
        }
        #expect(try redis.log(of: .lobby) == [])
    }

    @Test func `a Redis that has forgotten the scripts says so`() async throws {
        let (bench, redis) = try await bench()
        _ = try redis.client.run("SCRIPT", "FLUSH")
        let error = #expect(throws: StoreReplyError.self) { try bench.renew(bench.node) }
        guard case .refused(let text) = error, text.hasPrefix("NOSCRIPT ") else {
            throw Unexpected("\(String(describing: error))")
        }
    }

    @Test func `every key begins with the prefix, as every channel does`() async throws {
        let server = try await TestRedis.start()
        let redis = try RedisKeeper(server, .init(), prefix: "my:chat")
        let bench = try Bench(redis)
        let ada = try bench.hold("Ada")
        try bench.begin(RoomName("r"))
        let call = PublishCall(
            reign: bench.reign,
            incarnation: bench.node,
            room: try RoomName("r"),
            position: nil,
            drafts: [ada.sealed(1, try RoomName("r"))]
        )
        // The keeper compares the channel.
        #expect(try redis.publish(call).delivered != nil)
        _ = try bench.certify(bench.node, counter: 0)
        _ = try bench.granted(bench.again(ada, by: bench.other))
        let keys = try redis.client.run("KEYS", "*").elements?.compactMap(\.text) ?? []
        #expect(keys.count > 5)
        #expect(keys.allSatisfy { $0.hasPrefix("my:chat/") })
    }
}
