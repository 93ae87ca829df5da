import ChatCore
import Foundation
import TestSupport
import Testing

@testable import ChatRedis
@testable import ChatSupport

/// What a connection does with a real redis-server, and what that really says.
@Suite struct RedisServerTests {
    private let secret = Secret(text: "open sesame")

    /// A probe that has tried to connect, and what became of that.
    ///
    /// Again where Redis was late: beside two builds and a script without end, it may well be.
    private func tried(
        _ redis: TestRedis,
        _ credentials: RedisCredentials = .none
    ) async throws -> (probe: RedisProbe, outcome: String) {
        let late = [RedisFault.notRedis(.silent), .timedOut, RedisProbe.late].map { "\($0)" }
        var tried = (probe: RedisProbe(), outcome: "")
        try await eventually("Redis answers in time") {
            let probe = RedisProbe()
            tried = (probe, try await probe.outcome(redis.port, credentials))
            return !late.contains(tried.outcome)
        }
        return tried
    }

    /// A probe with a connection.
    private func connected(
        _ redis: TestRedis,
        _ credentials: RedisCredentials = .none
    ) async throws -> RedisProbe {
        let (probe, outcome) = try await tried(redis, credentials)
        guard outcome.hasPrefix("connected 7.") else { throw Unexpected(outcome) }
        return probe
    }

    /// What Redis means by its answer to a command.
    private func fault(_ redis: TestRedis, _ command: String) async throws -> RedisFault {
        let probe = try await connected(redis)
        try await probe.send(command)
        let answer = try await probe.hear(2)[1].dropFirst("\(command): ".count)
        guard answer.hasPrefix("-") else { throw Unexpected("\(answer)") }
        return RedisFault(error: String(answer.dropFirst()))
    }

    // MARK: Commands

    @Test func `commands are answered in order, whatever the answers are`() async throws {
        let redis = try await TestRedis.start()
        let probe = try await connected(redis)
        try await probe.send("SET a 1", "INCR a", "GET a", "GET b", "INCR", "LRANGE l 0 -1")
        #expect(
            try await probe.hear(7).dropFirst() == [
                "SET a 1: +OK", "INCR a: 2", "GET a: 2", "GET b: null",
                "INCR: -ERR wrong number of arguments for 'incr' command", "LRANGE l 0 -1: []",
            ]
        )
    }

    @Test func `many commands at once, and long ones, keep their order`() async throws {
        let redis = try await TestRedis.start()
        let probe = try await connected(redis)
        let long = [UInt8](repeating: 0x78, count: 100_000)
        try await probe.with { connection in
            for number in 0..<2000 {
                let value = number.isMultiple(of: 100) ? long : []
                connection.send([Array("ECHO".utf8), Array("\(number)".utf8) + value]) {
                    guard case .success(let echo) = $0 else { return probe.note("\($0)") }
                    probe.note(String(echo.plain.prefix { $0 != "x" }))
                }
            }
            connection.flush()
        }
        #expect(try await probe.hear(2001).dropFirst() == (0..<2000).map { "\($0)" }[...])
    }

    @Test func `people see whose connection it is`() async throws {
        let redis = try await TestRedis.start()
        let probe = try await connected(redis)
        #expect(try await redis.cli("CLIENT", "LIST").contains(" name=chatnode-n1-test "))
        try await probe.with { $0.close() }
    }

    @Test func `what is published arrives where it is subscribed`() async throws {
        let redis = try await TestRedis.start()
        let (listener, speaker) = (try await connected(redis), try await connected(redis))
        try await listener.with {
            $0.subscribe([Array("chat".utf8), Array("other".utf8)])
            $0.flush()
        }
        let confirmed = { listener.heard.joined().contains("[subscribe other 2]") }
        try await eventually("both channels are confirmed", confirmed)
        try await speaker.send("PUBLISH chat 1", "PUBLISH other 2", "PUBLISH nobody 3")
        #expect(
            try await speaker.hear(4).dropFirst() == [
                "PUBLISH chat 1: 1", "PUBLISH other 2: 1", "PUBLISH nobody 3: 0",
            ]
        )
        try await eventually("both messages arrive") {
            let heard = listener.heard.joined()
            return heard.contains("[message chat 1]") && heard.contains("[message other 2]")
        }
    }

    // MARK: Who may

    @Test func `a password is wanted, and the right one is taken`() async throws {
        let redis = try await TestRedis.start(["--requirepass", secret.text])
        let wrong = RedisCredentials(password: Secret(text: "guess"))
        #expect(try await tried(redis).outcome == "\(RedisFault.noAuth)")
        #expect(try await tried(redis, wrong).outcome == "\(RedisFault.wrongPassword)")
        _ = try await connected(redis, RedisCredentials(password: secret))
    }

    @Test func `a password that nobody wants is told`() async throws {
        let redis = try await TestRedis.start()
        #expect(
            try await tried(redis, RedisCredentials(password: secret)).outcome
                == "\(RedisFault.passwordUnwanted)"
        )
    }

    @Test func `a user of the access control list may do what it may`() async throws {
        let redis = try await TestRedis.start([
            "--user", "ops", "on", ">pw", "~chat*", "&chat*", "+get", "+set", "+info", "+echo",
            "+subscribe",
        ])
        let ops = RedisCredentials(user: "ops", password: Secret(text: "pw"))
        let probe = try await connected(redis, ops)
        try await probe.send("SET chat/a 1", "SET other 1", "DEL chat/a")
        let answers = try await probe.hear(4).dropFirst()
        #expect(answers.first == "SET chat/a 1: +OK")
        #expect(answers.dropFirst().count { $0.contains(": -NOPERM ") } == 2)
        let listener = try await connected(redis, ops)
        try await listener.with {
            $0.subscribe([Array("other".utf8)])
            $0.flush()
        }
        #expect(try await listener.hear(2)[1].contains("-NOPERM "))
    }

    @Test func `a full house is told as such`() async throws {
        let redis = try await TestRedis.start(["--maxclients", "1"])
        var probe = RedisProbe()
        // Redis may not have noticed yet that the one who asked whether it is up has gone.
        try await eventually("the one place is free") {
            let (last, outcome) = try await tried(redis)
            probe = last
            return outcome.hasPrefix("connected")
        }
        // Again and again, because it is a race between what Redis says and its reset.
        for _ in 0..<20 {
            let outcome = try await tried(redis).outcome
            #expect(outcome == "\(RedisFault.maxClients)")
        }
        try await probe.with { $0.close() }
    }

    // MARK: Its troubles

    @Test func `a replica is told by its answer`() async throws {
        let redis = try await TestRedis.start(["--replicaof", "127.0.0.1 1"])
        #expect(try await fault(redis, "SET a 1") == .readOnly)
    }

    @Test func `a full memory is told by its answer`() async throws {
        let redis = try await TestRedis.start(["--maxmemory", "1"])
        #expect(try await fault(redis, "SET a 1") == .outOfMemory)
    }

    @Test func `an unknown script is told by its answer`() async throws {
        let redis = try await TestRedis.start()
        let sha = String(repeating: "0", count: 40)
        #expect(try await fault(redis, "EVALSHA \(sha) 0") == .noScript)
    }

    @Test func `a disk that cannot be written is told by its answer`() async throws {
        let redis = try await TestRedis.start()
        try await redis.cli("CONFIG", "SET", "save", "3600 1")
        // A snapshot cannot be written over a folder.
        try redis.breakSnapshots()
        try await redis.cli("BGSAVE")
        try await eventually("the snapshot has failed") {
            try await redis.cli("INFO", "persistence").contains("rdb_last_bgsave_status:err")
        }
        #expect(try await fault(redis, "SET a 1") == .misconf)
    }

    @Test func `a script without end is told at the writer`() async throws {
        let redis = try await TestRedis.start(["--busy-reply-threshold", "1"])
        let loop = try TestProcess(
            "/usr/bin/redis-cli",
            ["-p", "\(redis.port)", "EVAL", "while true do end", "0"]
        )
        try await eventually("Redis is busy") {
            try await redis.cli("PING").hasPrefix("BUSY")
        }
        #expect(try await tried(redis).outcome == "\(RedisFault.busy)")
        try await redis.cli("SCRIPT", "KILL")
        _ = try await loop.exitCode()
        _ = try await connected(redis)
    }

    // MARK: Its end

    @Test func `a Redis that is killed ends the connection, and is back after a restart`()
        async throws
    {
        let redis = try await TestRedis.start()
        let probe = try await connected(redis)
        redis.pause()
        try await probe.send("GET a")
        try await redis.kill()
        #expect(try await probe.hear(3).dropFirst() == ["GET a: failed, closed", "closed: closed"])
        #expect(try await tried(redis).outcome == "\(RedisFault.refused)")
        try await redis.restart()
        _ = try await connected(redis)
    }

    @Test func `a Redis that is stopped is noticed, on old and on new connections`() async throws {
        let redis = try await TestRedis.start()
        let probe = try await connected(redis)
        redis.pause()
        try await probe.send("GET a")
        try await probe.with { $0.tick(now: Clock.now + Limits.redisCommandTimeout) }
        #expect(
            try await probe.hear(3).dropFirst() == ["GET a: failed, timedOut", "closed: timedOut"]
        )
        // After `Limits.redisCommandTimeout`.
        #expect(
            try await RedisProbe().outcome(redis.port) == "\(RedisFault.notRedis(.silent))"
        )
        redis.resume()
        _ = try await connected(redis)
    }

    @Test func `what is on disk outlives a restart, unless it shall not`() async throws {
        let redis = try await TestRedis.start(["--appendonly", "yes", "--appendfsync", "always"])
        try await redis.cli("SET", "a", "1")
        try await redis.restart()
        #expect(try await redis.cli("GET", "a") == "1")
        try await redis.restart(empty: true)
        #expect(try await redis.cli("GET", "a") == "")
    }

    @Test func `a Redis in cluster mode is called that`() async throws {
        let redis = try await TestRedis.start(["--cluster-enabled", "yes"])
        #expect(try await tried(redis).outcome == "\(RedisFault.clusterMode)")
    }

    @Test(arguments: [RedisCredentials.none, RedisCredentials(password: Secret(text: "pw"))])
    func `a Sentinel is called that, with and without a password`(credentials: RedisCredentials)
        async throws
    {
        let path = NSTemporaryDirectory() + "chatnode-sentinel-\(UUID()).conf"
        // No process listens on the primary's port, which does not matter here.
        try "sentinel monitor mymaster 127.0.0.1 1 1\n".write(
            toFile: path,
            atomically: true,
            encoding: .utf8
        )
        defer { try? FileManager.default.removeItem(atPath: path) }
        let port = try ReservedPort(in: ReservedPort.redis)
        let sentinel = try TestProcess(
            TestRedis.program,
            [path, "--sentinel", "--port", "\(port.number)", "--bind", "127.0.0.1"]
        )
        // Again where it does not listen yet, or is late.
        try await eventually("it is called a Sentinel") {
            try await RedisProbe().outcome(port.number, credentials) == "\(RedisFault.sentinel)"
        }
        withExtendedLifetime((sentinel, port)) {}
    }
}
