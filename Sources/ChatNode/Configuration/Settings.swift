import ChatCore

extension Setting {
    /// Every setting, in the order of the help and of the reference file.
    static let all = listener + cluster + clients + rooms + timeouts + logs

    private static let listener = [
        Setting(
            "host",
            \.host,
            .host,
            "address",
            "Address to listen on, or a name, all of whose addresses are; 0.0.0.0 or :: for every "
                + "interface."
        ),
        Setting(
            "port",
            \.port,
            .count(0...65535, "a port number such as 4567, or 0 for any free one"),
            "number",
            "TCP port to listen on; 0 takes any free one."
        ),
        Setting(
            "node-id",
            \.nodeID,
            .label,
            "label",
            "What this node is called in logs and on the page; auto is host:port."
        ),
        Setting(
            "loops",
            \.loops,
            .optional(.count(1...1024, "a number of loops"), absent: "auto"),
            "number",
            "Event loops, each a thread; auto is one for each usable core."
        ),
        // 1,048,576 is Linux's own bound on descriptors of a process (fs.nr_open, proc(5)).
        Setting(
            "max-connections",
            \.maxConnections,
            .optional(.count(1...1_048_576, "a number of connections"), absent: "0"),
            "connections",
            "Connections at one time; 0 is as many as there are descriptors for."
        ),
        Setting(
            "allowed-origins",
            \.allowedOrigins,
            .origins,
            "origin,…",
            "Origins of web pages that may connect, besides the node's own and those of this "
                + "machine; null is pages without an origin, * is any."
        ),
        Setting(
            "admin",
            \.admin,
            .admin,
            "address",
            "Where operators ask for /metrics, apart from clients: unix:PATH, http://host:port, or "
                + "none; auto is a unix socket for this user alone."
        ),
    ]

    private static let cluster = [
        Setting(
            "redis",
            \.redis,
            .optional(.redis, absent: "none"),
            "url",
            "The Redis that this node shares with others, as redis://[user@]host[:port]; none is to "
                + "run alone."
        ),
        Setting(
            "redis-password-file",
            \.redisPasswordFile,
            .optional(.path, absent: "none"),
            "path",
            "File whose first line is Redis's password, read again for each connection; "
                + "CHAT_REDIS_PASSWORD is the other way to give it."
        ),
        Setting(
            "redis-prefix",
            \.redisPrefix,
            .prefix,
            "prefix",
            "What every key and channel in Redis starts with; nodes with the same one belong "
                + "together."
        ),
        Setting(
            "new-cluster",
            \.isNewCluster,
            .flag("--new-cluster, at the first start of each node and never again"),
            "true or false",
            "Says that no other node is running, so that an empty Redis is no reason to wait.",
            flagOnly: "it says that nobody has to be waited for, which is true once"
        ),
    ]

    private static let clients = [
        Setting(
            "message-rate",
            \.messageRate,
            .number(0...1_000_000, "messages per second", "20, or 0 for no limit"),
            "messages/s",
            "Messages a second that one client may send, sustained; 0 is no limit."
        ),
        Setting(
            "message-burst",
            \.messageBurst,
            .number(0...1_000_000, "messages", "40"),
            "messages",
            "Messages that one client may send at once, before message-rate applies."
        ),
        Setting(
            "byte-rate",
            \.byteRate,
            .bytes(0...1 << 30, "64KiB, or 0 for no limit"),
            "bytes/s",
            "Bytes a second that one client may send, sustained; 0 is no limit."
        ),
        Setting(
            "byte-burst",
            \.byteBurst,
            .bytes(0...1 << 30, "256KiB"),
            "bytes",
            "Bytes that one client may send at once, before byte-rate applies."
        ),
        Setting(
            "message-size",
            \.messageSize,
            .bytes(1 << 10...1 << 20, "16KiB"),
            "bytes",
            "The longest message accepted from a client."
        ),
    ]

    private static let rooms = [
        Setting(
            "history",
            \.history,
            .count(0...100_000, "a number of messages such as 1000"),
            "messages",
            "Messages kept per room for those who join later, at most: what was published together is "
                + "forgotten together."
        ),
        Setting(
            "reserved-names",
            \.reservedNames,
            .names,
            "name,…",
            "User names that nobody can take; none reserves nothing."
        ),
    ]

    private static let timeouts = [
        Setting(
            "handshake-timeout",
            \.handshakeTimeout,
            .timeout,
            "duration",
            "How long a new connection may take to become a WebSocket."
        ),
        Setting(
            "ping-interval",
            \.pingInterval,
            .timeout,
            "duration",
            "Time between two pings to a client; below the idle timeout of any proxy in front."
        ),
        Setting(
            "pong-timeout",
            \.pongTimeout,
            .timeout,
            "duration",
            "How long a client may take to answer a ping; below ping-interval."
        ),
        Setting(
            "drain-delay",
            \.drainDelay,
            .wait,
            "duration",
            "How long a leaving node still accepts clients while /readyz already says 404, so that "
                + "a balancer notices first."
        ),
        Setting(
            "drain-timeout",
            \.drainTimeout,
            .wait,
            "duration",
            "How long a leaving node waits for its clients to go before it cuts them."
        ),
    ]

    private static let logs = [
        Setting(
            "log-level",
            \.logLevel,
            .oneOf(),
            "level",
            "The least important lines to log: trace, debug, info, notice, warning, error or "
                + "critical."
        ),
        Setting(
            "log-format",
            \.logFormat,
            .oneOf(),
            "format",
            "How log lines look: text, json, or auto for text on a terminal and JSON otherwise."
        ),
    ]
}
