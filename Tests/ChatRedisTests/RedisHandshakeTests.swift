import ChatCore
import TestSupport
import Testing

@testable import ChatRedis

/// How a connection begins, and what becomes of it where there is no Redis that will do.
@Suite struct RedisHandshakeTests {
    /// What becomes of an attempt to connect to a Redis that does this.
    private func outcome(
        _ credentials: RedisCredentials = .none,
        _ script: (ScriptedRedis) throws -> Void
    ) async throws -> String {
        // Once more where the machine was too busy to connect, or to play Redis, in time.
        for isLast in [false, false, true] {
            let redis = try ScriptedRedis()
            let probe = RedisProbe()
            probe.connect(redis.port, credentials)
            let start = ContinuousClock.now
            let played = Result { try script(redis) }
            let isLate = ContinuousClock.now - start >= Limits.redisCommandTimeout / 2
            let heard = try await probe.hear(1)
            #expect(heard.count == 1)
            // Until now it has to be there.
            redis.hangUp()
            guard isLast || !isLate && heard[0] != "\(RedisProbe.late)" else { continue }
            try played.get()
            return heard[0]
        }
        throw Unexpected("unreachable")
    }

    /// Returns a Redis, and a probe that it has welcomed.
    private func connected() async throws -> (ScriptedRedis, RedisProbe) {
        for _ in 0..<3 {
            let redis = try ScriptedRedis()
            let probe = RedisProbe()
            probe.connect(redis.port)
            try? redis.welcome()
            if try await probe.hear(1)[0].hasPrefix("connected") { return (redis, probe) }
        }
        throw Unexpected("three times the machine was too busy to connect")
    }

    private func said(_ text: String) -> String { "\(RedisFault.notRedis(.said(text)))" }

    // MARK: Who we are

    @Test func `without a password, nothing is said about one`() async throws {
        let outcome = try await outcome { try $0.welcome() }
        #expect(outcome == "connected 7.0.15")
    }

    @Test(arguments: [
        (RedisCredentials(password: Secret(text: "pw")), "AUTH pw"),
        (RedisCredentials(user: "ops", password: Secret(text: "pw")), "AUTH ops pw"),
        (RedisCredentials(user: "ops"), "AUTH ops "),
    ])
    func `a password comes first, behind its user`(
        credentials: RedisCredentials,
        command: String
    ) async throws {
        let outcome = try await outcome(credentials) { redis in
            try redis.accept()
            try redis.expect(command)
            for command in ScriptedRedis.greeting { try redis.expect(command) }
            try redis.say("+OK\r\n+OK\r\n\(ScriptedRedis.info("7.2.4"))$8\r\nchatnode\r\n")
        }
        #expect(outcome == "connected 7.2.4")
    }

    /// What Redis 7.0 answers to the four commands.
    private static let refusals: [(String, RedisFault)] = [
        ("-WRONGPASS invalid username-password pair\r\n", .wrongPassword),
        (
            "-ERR AUTH <password> called without any password configured\r\n+OK\r\n"
                + ScriptedRedis.info("7.0.15"), .passwordUnwanted
        ),
        (
            "-ERR AUTH <password> called without any password configured\r\n+OK\r\n"
                + ScriptedRedis.info("7.0.15", mode: "sentinel"), .sentinel
        ),
        ("+OK\r\n+OK\r\n\(ScriptedRedis.info("7.0.15", mode: "sentinel"))", .sentinel),
        ("+OK\r\n+OK\r\n\(ScriptedRedis.info("7.0.15", mode: "cluster"))", .clusterMode),
        ("+OK\r\n-NOPERM no\r\n-NOPERM may not\r\n", .noPermission("NOPERM may not")),
        ("+OK\r\n+OK\r\n\(ScriptedRedis.info("6.2.14"))", .tooOld("6.2.14")),
        ("+OK\r\n+OK\r\n\(ScriptedRedis.info("x"))", .tooOld("x")),
        ("+OK\r\n+OK\r\n\(ScriptedRedis.info("7.0.15", bits: 32))", .narrow),
        ("+OK\r\n+OK\r\n\(ScriptedRedis.info("7.0.15"))-LOADING Redis is loading\r\n", .loading),
        ("+OK\r\n+OK\r\n\(ScriptedRedis.info("7.0.15"))-BUSY Redis is busy\r\n", .busy),
        ("+OK\r\n+OK\r\n$5\r\nhello\r\n", .notRedis(.said("hello"))),
        ("+OK\r\n+OK\r\n:1\r\n", .notRedis(.said("integer(1)"))),
    ]

    @Test(arguments: refusals.indices)
    func `a refusal is told as what it is, and the connection is closed`(index: Int) async throws {
        let (answers, fault) = Self.refusals[index]
        let outcome = try await outcome(RedisCredentials(password: Secret(text: "pw"))) { redis in
            try redis.accept()
            try redis.say(answers)
            try redis.awaitEnd()
        }
        #expect(outcome == "\(fault)")
    }

    @Test func `a Redis without a password that then says nothing more is told as such`()
        async throws
    {
        let outcome = try await outcome(RedisCredentials(password: Secret(text: "pw"))) { redis in
            try redis.accept()
            try redis.say("-ERR AUTH <password> called without any password configured\r\n")
            redis.hangUp()
        }
        #expect(outcome == "\(RedisFault.passwordUnwanted)")
    }

    @Test func `without a password, a Redis that wants one is told as such`() async throws {
        let outcome = try await outcome { redis in
            try redis.accept()
            try redis.say("-NOAUTH Authentication required.\r\n")
        }
        #expect(outcome == "\(RedisFault.noAuth)")
    }

    @Test func `a user who may not give the connection a name may do without`() async throws {
        let outcome = try await outcome { redis in
            try redis.accept()
            try redis.say("-NOPERM no\r\n\(ScriptedRedis.info("8.0.0"))$8\r\nchatnode\r\n")
        }
        #expect(outcome == "connected 8.0.0")
    }

    @Test func `who is turned away at the writer is told why`() async throws {
        for (answer, fault) in [
            ("-ERR max number of clients reached\r\n", RedisFault.maxClients),
            ("-DENIED Redis is running in protected mode\r\n", .protectedMode),
        ] {
            let outcome = try await outcome { redis in
                try redis.accept()
                try redis.say(answer)
                redis.hangUp()
            }
            #expect(outcome == "\(fault)")
        }
    }

    // MARK: What is not Redis

    @Test func `a web server is not Redis`() async throws {
        let outcome = try await outcome { redis in
            try redis.accept()
            try redis.say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            redis.hangUp()
        }
        #expect(outcome == said("HTTP/1.1 400 Bad Request"))
    }

    @Test func `who speaks first is not Redis`() async throws {
        let outcome = try await outcome { redis in
            try redis.accept()
            try redis.say("+OK hello\r\n+OK\r\n+OK\r\n+OK\r\n")
        }
        #expect(outcome == said("OK"))
        let shell = try await self.outcome { redis in
            try redis.accept()
            try redis.say("SSH-2.0-OpenSSH_9.2p1\r\n")
        }
        #expect(shell == said("SSH-2.0-OpenSSH_9.2p1"))
    }

    @Test func `who says nothing is perhaps no Redis`() async throws {
        // After `Limits.redisCommandTimeout`.
        let outcome = try await outcome { try $0.accept() }
        #expect(outcome == "\(RedisFault.notRedis(.silent))")
    }

    @Test func `who hangs up without a word is perhaps no Redis`() async throws {
        let gone = try await outcome { redis in
            try redis.accept()
            redis.hangUp()
        }
        #expect(gone == "\(RedisFault.notRedis(.hungUp))")
        let reset = try await outcome { redis in
            try redis.accept()
            try redis.reset()
        }
        #expect(reset == "\(RedisFault.notRedis(.hungUp))")
    }

    @Test func `who has answered something right and then stops has stopped`() async throws {
        let gone = try await outcome { redis in
            try redis.accept()
            try redis.say("+OK\r\n$9")
            redis.hangUp()
        }
        #expect(gone == "\(RedisFault.closed)")
        let silent = try await outcome { redis in
            try redis.accept()
            try redis.say("+OK\r\n")
        }
        #expect(silent == "\(RedisFault.timedOut)")
    }

    // MARK: The way there

    @Test func `nobody there is refused`() async throws {
        // A port on which nothing listens.
        let reserved = try ReservedPort(in: ReservedPort.redis)
        let port = reserved.number
        #expect(try await RedisProbe().outcome(port) == "\(RedisFault.refused)")
        #expect(
            try await RedisProbe().outcome(port, host: "localhost") == "\(RedisFault.refused)"
        )
    }

    @Test func `a host by name is found`() async throws {
        let redis = try await TestRedis.start()
        // Again where Redis is late on a busy machine.
        try await eventually("a connection") {
            let outcome = try await RedisProbe().outcome(redis.port, host: "localhost")
            return outcome.hasPrefix("connected 7.")
        }
    }

    @Test func `a host that does not exist is told as such`() async throws {
        // Longer than a name may be (RFC 1035 §2.3.4), so that no resolver is asked far away.
        let host = String(repeating: "x", count: 64)
        #expect(
            try await RedisProbe().outcome(6379, host: host)
                == "\(RedisFault.unreachable("the host name is not known"))"
        )
    }

    @Test func `who does not even take the connection is given up`() async throws {
        let redis = try ScriptedRedis(backlog: 0)
        // The one place in the queue; Linux leaves the next ones without an answer.
        let first = try TestSocket(port: redis.port)
        // After `Limits.redisConnectTimeout`.
        #expect(
            try await RedisProbe().outcome(redis.port)
                == "\(RedisFault.unreachable("no connection within 1s"))"
        )
        first.close()
    }

    // MARK: Afterwards

    @Test func `a connection is cut in the middle of an answer`() async throws {
        let (redis, probe) = try await connected()
        try await probe.send("GET a", "GET b")
        try redis.expect("GET a", "GET b")
        try redis.say("$1000\r\nhalf")
        redis.hangUp()
        #expect(
            try await probe.hear(4).dropFirst() == [
                "GET a: failed, closed", "GET b: failed, closed", "closed: closed",
            ]
        )
    }

    @Test func `a reset is an end like any other`() async throws {
        let (redis, probe) = try await connected()
        try await probe.send("GET a")
        try redis.expect("GET a")
        try redis.reset()
        #expect(try await probe.hear(3).dropFirst() == ["GET a: failed, closed", "closed: closed"])
    }

    @Test func `who closes ends the connection for Redis too`() async throws {
        let (redis, probe) = try await connected()
        try await probe.send("GET a")
        try await probe.with { $0.close() }
        try redis.expect("GET a")
        try redis.awaitEnd()
        #expect(probe.heard == ["connected 7.0.15"])
    }
}
