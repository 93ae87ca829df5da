import ChatCore
import Logging

/// Everything an operator may decide about a node, with the defaults in place.
///
/// A plain value: made once at the start by `load`, then handed down in parts. What each field means,
/// and how it is written, stands in the table `Setting.all`.
struct Configuration: Equatable, Sendable {
    // Listener
    var host = "127.0.0.1"
    /// 0: any free port.
    var port = 4567
    /// Nil: host and port, once the port is known.
    var nodeID: String?
    /// Nil: one for each core that the process may use.
    var loops: Int?
    /// Nil: as many as there are descriptors for.
    var maxConnections: Int?
    /// As `OriginPolicy` takes them.
    var allowedOrigins: [String] = []
    var admin = AdminAddress.automatic
    /// Where this user's sockets go, as the environment has it (`XDG_RUNTIME_DIR`).
    var runtimeFolder: String?

    // Cluster
    /// Nil: alone, with everything in this process's memory.
    var redis: RedisURL?
    var redisPasswordFile: String?
    /// From that file or the environment.
    private(set) var redisPassword: Secret?
    var redisPrefix = "chat"
    var isNewCluster = false

    // What one client may send; a rate of 0 means no limit.
    /// Messages a second.
    var messageRate = Limits.messageRate
    /// Messages.
    var messageBurst = Limits.messageBurst
    /// Bytes a second.
    var byteRate = Int(Limits.byteRate)
    /// Bytes.
    var byteBurst = Int(Limits.byteBurst)
    /// Bytes of one message, all its fragments together.
    var messageSize = Limits.messageBytes

    // Rooms and names
    /// Messages kept per room.
    var history = Limits.historyMessages
    var reservedNames = ["admin", "ops", "root", "server", "system"]

    // Timeouts
    var handshakeTimeout = Limits.handshakeTimeout
    var pingInterval = Limits.pingInterval
    var pongTimeout = Limits.pongTimeout
    var drainDelay = Duration.zero
    var drainTimeout = Limits.drainTimeout

    // Logs
    var logLevel = Logger.Level.info
    var logFormat = LogFormat.auto

    /// Where the values come from, by key; a key that is absent has its default.
    private(set) var sources: [String: SettingSource] = [:]

    /// Where a setting's value comes from.
    func source(of key: String) -> SettingSource {
        sources[key] ?? .standard
    }

    /// Sets one value from its text and remembers where it came from.
    ///
    /// Fails: with what is wrong with the text; then nothing has changed.
    mutating func set(_ setting: Setting, to text: String, from source: SettingSource)
        throws(InvalidValue)
    {
        try setting.assign(text, &self)
        sources[setting.key] = source
    }

    /// Sets Redis's password, which stands in no table, and remembers where it came from.
    mutating func setRedisPassword(_ password: Secret, from source: SettingSource) {
        redisPassword = password
        sources[Setting.passwordKey] = source
    }

    /// Who the node is to Redis.
    var redisCredentials: RedisCredentials {
        RedisCredentials(user: redis?.user, password: redisPassword)
    }
}

/// Where a value came from, in the words that lead a person back there.
enum SettingSource: Equatable, Sendable, CustomStringConvertible {
    /// Nobody said anything.
    case standard
    case file(path: String, line: Int)
    case environment(variable: String)
    case flag(String)

    var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line): "\(path.printable):\(line)"
        case .environment(let variable): "environment \(variable.printable)"
        case .flag(let key): "flag --\(key)"
        }
    }
}

extension SettingSource {
    /// Somebody said it on the command line.
    var isFlag: Bool {
        if case .flag = self { true } else { false }
    }
}

/// How log lines look.
enum LogFormat: String, CaseIterable, Sendable {
    /// Text on a terminal, JSON otherwise.
    case auto
    case text
    case json
}
