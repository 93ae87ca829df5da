/// Why a node is without Redis, in words that say what to do.
struct RedisTrouble: CustomStringConvertible {
    let fault: RedisFault
    let address: RedisAddress
    /// As whom the node is there, and what its keys and channels start with.
    private let user: String
    private let prefix: String

    init(
        _ fault: RedisFault,
        _ address: RedisAddress,
        user: String? = nil,
        prefix: String = RedisKeys.defaultPrefix
    ) {
        self.fault = fault
        self.address = address
        self.user = user ?? "default"
        self.prefix = prefix
    }

    /// Two lines for an operator: what happened, and what mends it.
    var description: String {
        "error: \(cause); trying again\n  fix: \(fix)"
    }

    /// What happened, as a part of a sentence.
    var cause: String {
        switch fault {
        case .refused: "cannot reach Redis at \(address) (connection refused)"
        case .unreachable(let reason): "cannot reach Redis at \(address) (\(reason))"
        case .timedOut: "Redis at \(address) has stopped answering"
        case .closed: "Redis at \(address) has closed the connection"
        case .notRedis(.said(let text)):
            "what answers at \(address) is not Redis: it said “\(text)”"
        case .notRedis(.silent): "\(address) takes connections and says nothing"
        case .notRedis(.hungUp): "\(address) closes connections without a word"
        case .tooOld(let version):
            "Redis at \(address) is version \(version), and 7.0 is the oldest that will do"
        case .narrow:
            "Redis at \(address) is built for 32 bits, and counts wrongly in scripts beyond them"
        case .sentinel: "what answers at \(address) is a Sentinel, not the Redis that it watches"
        case .clusterMode:
            "Redis at \(address) runs in cluster mode, which spreads keys that scripts need together"
        case .noAuth: "Redis at \(address) wants a password"
        case .wrongPassword: "Redis at \(address) does not accept the user or the password"
        case .passwordUnwanted: "Redis at \(address) has no password, and one was given"
        case .noPermission(let text): "Redis at \(address) does not permit it: \(text)"
        case .protectedMode: "Redis at \(address) talks to its own machine only (protected mode)"
        case .readOnly: "Redis at \(address) is a replica, which cannot be written to"
        case .outOfMemory: "Redis at \(address) has used all the memory it may"
        case .loading: "Redis at \(address) is loading its data"
        case .misconf: "Redis at \(address) cannot save to its disk and takes no writes"
        case .busy: "Redis at \(address) is busy with a script that does not end"
        case .maxClients: "Redis at \(address) takes no more clients"
        case .wrongType(let text):
            "Redis at \(address) has a key of chatnode's with a value of another kind: \(text)"
        case .noScript: "Redis at \(address) has forgotten the node's scripts"
        case .other(let text): "Redis at \(address) answered with an error: \(text)"
        }
    }

    /// What mends it.
    var fix: String {
        switch fault {
        case .refused:
            "\(server)  or --redis redis://host:port  or leave --redis out to run alone"
        case .unreachable: "--redis redis://host:port with a host that this machine can reach"
        case .timedOut: "see what holds it up: \(cli) --latency, or its log"
        case .closed: "see whether it runs, and its log: \(cli) ping"
        case .notRedis(.said): "--redis redis://host:port with the place of a Redis (often 6379)"
        case .notRedis(.silent): "see whether it is Redis, and not stopped: \(cli) ping"
        case .notRedis(.hungUp): "see whether it is Redis, and one without TLS: \(cli) ping"
        case .tooOld: "install Redis 7.0 or later, and start that one"
        case .narrow: "install a Redis for 64 bits, and start that one"
        case .sentinel:
            "--redis with the primary's place: \(cli) SENTINEL masters names it (ip, port)"
        case .clusterMode: "take a Redis without it (cluster-enabled no in redis.conf)"
        case .noAuth: "--redis-password-file FILE, or CHAT_REDIS_PASSWORD in the environment"
        case .wrongPassword:
            "compare it with requirepass in redis.conf, or the user in redis://user@host with "
                + "ACL LIST"
        case .passwordUnwanted:
            "take --redis-password-file and CHAT_REDIS_PASSWORD out, or set one there: "
                + "\(cli) CONFIG SET requirepass …"
        case .noPermission:
            "let the user do it, on the keys and channels of --redis-prefix: "
                + "\(cli) ACL SETUSER \(user) '~\(prefix)*' '&\(prefix)*' +@all"
        case .protectedMode: "give it a password: requirepass in redis.conf"
        case .readOnly: "--redis with the primary's place: \(cli) INFO replication names it"
        case .outOfMemory: "\(cli) CONFIG SET maxmemory …, or make room"
        case .loading: "wait; \(cli) INFO persistence says how far it is"
        case .misconf: "make room on its disk, or see to its directory: \(cli) INFO persistence"
        case .busy: "\(cli) SCRIPT KILL, or SHUTDOWN NOSAVE if the script has written"
        // It would take no redis-cli either.
        case .maxClients:
            "end some of them, or start it again with a higher maxclients in redis.conf"
        case .wrongType:
            "find the key that was written by hand, and delete it: \(cli) --scan --pattern "
                + "'\(prefix)/*'"
        case .noScript: "nothing: they are sent again"
        case .other: "its log may say more"
        }
    }

    private var cli: String { "redis-cli -h \(address.host) -p \(address.port)" }

    /// What starts one where the node looks for it.
    private var server: String {
        let isDefault = address.port == RedisAddress.defaultPort
        let command = "redis-server --daemonize yes" + (isDefault ? "" : " --port \(address.port)")
        let isHere = ["localhost", "127.0.0.1", "::1"].contains(address.host)
        return isHere ? command : "\(command) on \(address.host)"
    }
}

extension RedisFault {
    /// For people who chat: nothing that only an operator could use.
    var sentence: String {
        switch self {
        case .refused, .unreachable, .timedOut, .closed, .notRedis, .tooOld, .narrow, .sentinel,
            .clusterMode, .noAuth, .wrongPassword, .passwordUnwanted, .protectedMode, .loading,
            .busy, .maxClients,
            .noScript:
            "The node cannot reach the others at present; try again in a moment"
        case .noPermission, .readOnly, .outOfMemory, .misconf, .wrongType, .other:
            "The node cannot take messages at present; try again in a moment"
        }
    }
}
