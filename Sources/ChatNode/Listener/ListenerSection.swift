import ChatCore
import ChatSupport

/// The settings of the address where clients connect, and of their way in.
struct ListenerSection: SettingsSection {
    var host = "127.0.0.1"
    /// 0: any free port.
    var port = 4567
    /// Nil: as many as there are descriptors for.
    var maxConnections: Int?
    /// As `OriginPolicy` takes them.
    var allowedOrigins: [String] = []
    var handshakeTimeout = Limits.handshakeTimeout
    /// Logins a second; 0 is no limit.
    var loginRate = Limits.loginRate
    /// Logins.
    var loginBurst = Limits.loginBurst

    static let title = "Listener"

    static let settings: [SectionSetting<ListenerSection>] = [
        SectionSetting(
            "host",
            \.host,
            .host,
            "address",
            "IP address or host name to listen on; a name means all of its addresses, 0.0.0.0 or :: "
                + "every interface."
        ),
        SectionSetting(
            "port",
            \.port,
            .count(0...65535, "a port number such as 4567, or 0 for any free one"),
            "number",
            "TCP port to listen on; 0 takes any free one."
        ),
        // 1,048,576 is Linux's own bound on descriptors of a process (fs.nr_open, proc(5)).
        SectionSetting(
            "max-connections",
            \.maxConnections,
            .optional(.count(1...1_048_576, "a number of connections"), absent: "0"),
            "connections",
            "Connections at one time; 0 is as many as there are descriptors for."
        ),
        SectionSetting(
            "allowed-origins",
            \.allowedOrigins,
            .origins,
            "origin,…",
            "Origins of web pages that may connect, besides the node's own and those of this "
                + "machine; null is pages without an origin, * is any."
        ),
        SectionSetting(
            "handshake-timeout",
            \.handshakeTimeout,
            .timeout,
            "duration",
            "How long a new connection may take to become a WebSocket."
        ),
        SectionSetting(
            "login-rate",
            \.loginRate,
            .number(0...1_000_000, "logins per second", "2500, or 0 for no limit"),
            "logins/s",
            "Logins a second that each loop takes on, sustained, and twice as many handshakes; others are "
                + "told when to come again; 0 is no limit."
        ),
        SectionSetting(
            "login-burst",
            \.loginBurst,
            .number(1...1_000_000, "logins", "20000"),
            "logins",
            "Logins that each loop takes on at once, before login-rate applies."
        ),
    ]
}
