import Glibc
import NIOCore
import Testing

@testable import ChatRedis

/// What Redis's errors mean, and what people are told about them.
@Suite struct RedisFaultTests {
    @Test(arguments: [
        ("NOAUTH Authentication required.", RedisFault.noAuth),
        ("WRONGPASS invalid username-password pair or user is disabled.", .wrongPassword),
        (
            "NOPERM this user has no permissions to run the 'set' command",
            .noPermission("NOPERM this user has no permissions to run the 'set' command")
        ),
        (
            "DENIED Redis is running in protected mode because protected mode is enabled",
            .protectedMode
        ),
        ("READONLY You can't write against a read only replica.", .readOnly),
        ("OOM command not allowed when used memory > 'maxmemory'.", .outOfMemory),
        ("LOADING Redis is loading the dataset in memory", .loading),
        (
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to",
            .misconf
        ),
        ("BUSY Redis is busy running a script. You can only call SCRIPT KILL", .busy),
        ("UNKILLABLE Sorry the script already executed write commands", .busy),
        ("NOSCRIPT No matching script. Please use EVAL.", .noScript),
        (
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            .wrongType("WRONGTYPE Operation against a key holding the wrong kind of value")
        ),
        ("MOVED 3999 127.0.0.1:6381", .clusterMode),
        ("CROSSSLOT Keys in request don't hash to the same slot", .clusterMode),
        ("CLUSTERDOWN Hash slot not served", .clusterMode),
        ("ERR max number of clients reached", .maxClients),
        (
            "ERR AUTH <password> called without any password configured for the default user.",
            .passwordUnwanted
        ),
        ("ERR syntax error", .other("ERR syntax error")),
        ("MASTERDOWN Link with MASTER is down", .other("MASTERDOWN Link with MASTER is down")),
        ("NOAUTHX", .other("NOAUTHX")), ("", .other("")), ("ERR", .other("ERR")),
        ("ODD \u{1B}[2J\nsecond line", .other(#"ODD \u{1b}[2J"#)),
        (
            "X" + String(repeating: "y", count: 500),
            .other("X" + String(repeating: "y", count: 159) + "…")
        ),
    ])
    func `an error is known by its first word`(text: String, fault: RedisFault) {
        #expect(RedisFault(error: text) == fault)
    }

    /// All of them, with words that are in what an operator is told and in what mends it.
    static let words: [(RedisFault, String, String)] = [
        (
            .refused, "cannot reach Redis at [::1]:7 (connection refused)",
            "redis-server --daemonize yes --port 7  or"
        ),
        (.unreachable("it is far"), "Redis at [::1]:7 (it is far)", "--redis redis://"),
        (.timedOut, "stopped answering", "redis-cli -h ::1 -p 7 --latency"),
        (.closed, "closed the connection", "redis-cli -h ::1 -p 7 ping"),
        (.notRedis(.said("HTTP/1.1 400")), "not Redis: it said “HTTP/1.1 400”", "6379"),
        (.notRedis(.silent), "[::1]:7 takes connections and says nothing", "not stopped"),
        (.notRedis(.hungUp), "[::1]:7 closes connections without a word", "without TLS"),
        (.tooOld("6.2.1"), "version 6.2.1, and 7.0 is the oldest", "Redis 7.0"),
        (.narrow, "built for 32 bits", "a Redis for 64 bits"),
        (.sentinel, "[::1]:7 is a Sentinel, not the Redis", "-p 7 SENTINEL masters"),
        (.clusterMode, "runs in cluster mode", "cluster-enabled no"),
        (.noAuth, "wants a password", "--redis-password-file"),
        (.wrongPassword, "does not accept the user or the password", "requirepass"),
        (.passwordUnwanted, "has no password, and one was given", "CHAT_REDIS_PASSWORD out"),
        (.noPermission("NOPERM x"), "does not permit it: NOPERM x", "ACL SETUSER"),
        (.protectedMode, "protected mode", "requirepass"),
        (.readOnly, "is a replica", "INFO replication"),
        (.outOfMemory, "all the memory it may", "CONFIG SET maxmemory"),
        (.loading, "is loading its data", "INFO persistence"),
        (.misconf, "cannot save to its disk", "INFO persistence"),
        (.busy, "busy with a script", "SCRIPT KILL"),
        (.maxClients, "takes no more clients", "maxclients in redis.conf"),
        (.noScript, "forgotten the node's scripts", "sent again"),
        (.wrongType("WRONGTYPE x"), "a value of another kind: WRONGTYPE x", "--scan --pattern"),
        (.other("ERR odd"), "answered with an error: ERR odd", "log"),
    ]

    @Test(arguments: words.indices)
    func `every fault has a cause and a cure, and another sentence for clients`(index: Int) {
        let (fault, cause, cure) = Self.words[index]
        let trouble = RedisTrouble(fault, RedisAddress(host: "::1", port: 7))
        #expect(trouble.cause.contains(cause))
        #expect(trouble.cause.contains("[::1]:7"))
        #expect(trouble.fix.contains(cure))
        #expect(
            trouble.description == "error: \(trouble.cause); trying again\n  fix: \(trouble.fix)"
        )
        #expect(trouble.description.split(separator: "\n").count == 2)
        #expect(fault.sentence.hasPrefix("The node cannot "))
        #expect(fault.sentence.hasSuffix("; try again in a moment"))
        for word in ["edis", "::1", "password"] { #expect(!fault.sentence.contains(word)) }
    }

    @Test func `nobody there is told as it is written in the design`() {
        let trouble = RedisTrouble(.refused, RedisAddress(host: "127.0.0.1"))
        #expect(
            trouble.description == """
                error: cannot reach Redis at 127.0.0.1:6379 (connection refused); trying again
                  fix: redis-server --daemonize yes  or --redis redis://host:port  or leave \
                --redis out to run alone
                """
        )
    }

    @Test func `a cure is for this Redis, this user and these keys`() {
        let far = RedisAddress(host: "redis.example", port: 6380)
        let refused = RedisTrouble(.refused, far)
        #expect(refused.fix.hasPrefix("redis-server --daemonize yes --port 6380 on redis.example"))
        let trouble = RedisTrouble(.noPermission("x"), far, user: "ops", prefix: "room")
        let words = "-h redis.example -p 6380 ACL SETUSER ops '~room*' '&room*' +@all"
        #expect(trouble.fix.hasSuffix(words))
    }

    @Test(arguments: [
        (ECONNREFUSED, RedisFault.refused), (ECONNRESET, .notRedis(.hungUp)),
        (EHOSTUNREACH, .unreachable("no route to host")),
        (ENETUNREACH, .unreachable("network is unreachable")),
    ])
    func `an error of the network is known by its number`(number: CInt, fault: RedisFault) {
        #expect(RedisFault(connecting: IOError(errnoCode: number, reason: "connect")) == fault)
    }

    @Test func `a timeout of the network is told with its length`() {
        let error = ChannelError.connectTimeout(.seconds(1))
        #expect(RedisFault(connecting: error) == .unreachable("no connection within 1s"))
    }
}
