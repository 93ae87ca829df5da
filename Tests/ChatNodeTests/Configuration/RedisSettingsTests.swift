import ArgumentParser
import ChatRedis
import Testing

@testable import ChatNode

/// How a node is told about Redis, and above all about its password.
@Suite struct RedisSettingsTests {
    // MARK: The address

    @Test(arguments: [
        ("redis://a", nil, "a", 6379, "redis://a:6379"),
        ("redis://a/", nil, "a", 6379, "redis://a:6379"),
        ("redis://a/0", nil, "a", 6379, "redis://a:6379"),
        ("redis://127.0.0.1:1", nil, "127.0.0.1", 1, "redis://127.0.0.1:1"),
        ("redis://ops@a:7000/0", "ops", "a", 7000, "redis://ops@a:7000"),
        ("redis://[::1]", nil, "::1", 6379, "redis://[::1]:6379"),
        ("redis://ops@[fe80::1]:80", "ops", "fe80::1", 80, "redis://ops@[fe80::1]:80"),
    ])
    func `a URL names a user and a place`(
        text: String,
        user: String?,
        host: String,
        port: Int,
        shown: String
    ) throws {
        let configuration = try loadConfiguration(flags: ["redis": text])
        let redis = try #require(configuration.redis.url)
        #expect(redis == RedisURL(user: user, address: RedisAddress(host: host, port: port)))
        #expect("\(redis)" == shown)
        #expect(configuration.redis.credentials == RedisCredentials(user: user))
    }

    @Test(arguments: [
        "redis://a:6379,b:6379", "redis://a,b", "redis://ops@a:1,b:2/0", "redis://ops@a:1,ops@b:2",
        "redis://[::1]:1,[::2]:2", "redis://a:1/0,b:2",
    ])
    func `several addresses are called what they are`(text: String) throws {
        let error = try configurationError(flags: ["redis": text])
        #expect(
            error.description.contains(
                "names several addresses, and a node takes that of one Redis: the primary's"
            )
        )
        #expect(error.exitCode == 64)
    }

    @Test(arguments: ["redis://ops:hunt,er2@a:1,ops:hunt,er2@b:2", "redis://:hunt,er2@x@a"])
    func `a password with a comma is still a password`(text: String) throws {
        let error = try configurationError(flags: ["redis": text])
        #expect(error.description.contains("has a password in it"))
        #expect(!error.description.contains("er2"))
    }

    @Test func `schemes of other ways to find a Redis are called what they are`() throws {
        let sentinel = try configurationError(flags: ["redis": "redis-sentinel://a:26379"])
        #expect(sentinel.description.contains("asks for Sentinel, which is not supported"))
        let cluster = try configurationError(flags: ["redis": "redis+cluster://a:6379"])
        #expect(cluster.description.contains("asks for Redis's cluster mode"))
    }

    @Test func `without a word about Redis, a node is alone`() throws {
        #expect(try loadConfiguration().redis.url == nil)
        #expect(try loadConfiguration(flags: ["redis": "none"]).redis.url == nil)
    }

    // MARK: The password

    @Test(arguments: [
        "redis://ops:hunter2@a", "redis://:hunter2@a", "rediss://ops:hunter2@a",
        "http://hunter2@a", "redis://ops:hunter2@a/7", "redis://ops:hunter2/@a:x",
        "redis://ops:hunter2@", "redis://a:hunter2@b@c", "redis://hunter2 @a",
    ])
    func `a URL with what may be a password is refused and not repeated`(text: String) throws {
        for error in [
            try configurationError(flags: ["redis": text]),
            try configurationError(environment: ["CHAT_REDIS": text]),
            try configurationError(file: "redis: \"\(text)\""),
        ] {
            #expect(!error.description.contains("hunter2"))
        }
    }

    @Test func `a URL with a password says where passwords come from`() throws {
        let error = try configurationError(flags: ["redis": "redis://ops:hunter2@a"])
        #expect(
            error.description == """
                error: redis: has a password in it, and passwords come from \
                redis-password-file or CHAT_REDIS_PASSWORD
                  from: flag --redis
                  fix: an address such as redis://127.0.0.1:6379, or none
                """
        )
    }

    @Test(arguments: [
        ("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"),
        ("hunter2\nmore\n", "hunter2"), (" a b \n", " a b "),
    ])
    func `a file's first line is the password`(text: String, password: String) throws {
        let configuration = try loadConfiguration(
            flags: ["redis": "redis://ops@a", "redis-password-file": "secret"],
            otherFiles: ["secret": text]
        )
        #expect(configuration.redis.password == Secret(text: password))
        #expect(
            configuration.redis.credentials
                == RedisCredentials(user: "ops", password: Secret(text: password))
        )
        #expect(
            configuration.source(of: Setting.passwordKey) == .file(path: "secret", line: 1)
        )
    }

    @Test(arguments: ["", "\n", "\r\n", "\nhunter2"])
    func `a file without a password in its first line is refused`(text: String) throws {
        let error = try configurationError(
            flags: ["redis-password-file": "secret"],
            otherFiles: ["secret": text]
        )
        #expect(
            error.description == """
                error: redis-password-file: “secret” has an empty first line
                  from: flag --redis-password-file
                  fix: a file whose first line is the password
                """
        )
    }

    @Test func `a file that cannot be read is refused`() throws {
        let error = try configurationError(flags: ["redis-password-file": "nowhere"])
        #expect(
            error.problems == [
                .unreadable(
                    path: "nowhere",
                    reason: "no such file or directory",
                    at: .flag("redis-password-file")
                )
            ]
        )
    }

    @Test func `the environment may give the password`() throws {
        let configuration = try loadConfiguration(environment: ["CHAT_REDIS_PASSWORD": "hunter2"])
        #expect(configuration.redis.password == Secret(text: "hunter2"))
        let empty = try configurationError(environment: ["CHAT_REDIS_PASSWORD": ""])
        #expect(empty.description.hasPrefix("error: redis-password: is empty\n"))
    }

    @Test func `two passwords are one too many`() throws {
        let error = try configurationError(
            flags: ["redis-password-file": "secret"],
            environment: ["CHAT_REDIS_PASSWORD": "hunter2"],
            otherFiles: ["secret": "hunter3"]
        )
        #expect(
            error.description == """
                error: redis-password-file: there is a password in CHAT_REDIS_PASSWORD too
                  from: redis-password-file: flag --redis-password-file, \
                redis-password: environment CHAT_REDIS_PASSWORD
                  fix: one of the two
                """
        )
    }

    @Test func `there is no flag and no line for the password`() throws {
        for arguments in [["--redis-password", "hunter2"], ["--redis-password=hunter2"]] {
            #expect {
                try ServeFlags.parse(arguments)
            } throws: {
                !ServeFlags.fullMessage(for: $0).contains("hunter2")
            }
        }
        let error = try configurationError(file: "redis-password: hunter2")
        #expect(error.description.contains("did you mean `redis-password-file`?"))
        #expect(!error.description.contains("hunter2"))
    }

    @Test func `a misspelt variable with the password leads to the right one`() throws {
        let error = try configurationError(environment: ["CHAT_REDIS_PASWORD": "hunter2"])
        #expect(error.description.contains("did you mean `CHAT_REDIS_PASSWORD`?"))
        #expect(!error.description.contains("hunter2"))
    }

    @Test func `whatever shows a configuration hides the password`() throws {
        let configuration = try loadConfiguration(environment: ["CHAT_REDIS_PASSWORD": "hunter2"])
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(configuration.redis.credentials, to: &dumped)
        dumped += "\(configuration)\(configuration.redis.credentials)"
        dumped +=
            String(reflecting: configuration) + Overview(configuration).text
            + Overview(configuration).json
        #expect(!dumped.contains("hunter2"))
        #expect(dumped.contains("(hidden)"))
    }

    // MARK: A new cluster

    @Test func `a new cluster is said on the command line`() throws {
        let flags = try ServeFlags.parse(["--new-cluster"]).values
        #expect(try loadConfiguration(flags: flags).redis.isNewCluster)
        #expect(try loadConfiguration().redis.isNewCluster == false)
        #expect(throws: (any Error).self) { try ServeFlags.parse(["--new-cluster=yes"]) }
    }

    @Test(arguments: ["true", "false", "1", ""])
    func `a new cluster is said nowhere else`(text: String) throws {
        let environment = try configurationError(environment: ["CHAT_NEW_CLUSTER": text])
        #expect(
            environment.description == """
                error: new-cluster: is for the command line alone: it says that no other node is \
                running, which is true once
                  from: environment CHAT_NEW_CLUSTER
                  fix: --new-cluster, at the first start of each node and never again
                """
        )
        #expect(environment.exitCode == 78)
        let file = try configurationError(file: "new-cluster: \"\(text)\"")
        #expect(file.description.contains("is for the command line alone"))
    }
}
