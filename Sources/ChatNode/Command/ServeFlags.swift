import ArgumentParser
import ChatRedis
import ChatSupport

/// The flags of a node: one for each setting, all optional and without defaults of their own, since
/// those would come before the environment and the file.
struct ServeFlags: ParsableArguments {
    @Option(help: "Read settings from a YAML file (CHAT_CONFIG).")
    var config: String?

    @OptionGroup(title: ListenerSection.title) var listener: ListenerFlags
    @OptionGroup(title: NodeSection.title) var node: NodeFlags
    @OptionGroup(title: AdminSection.title) var admin: AdminFlags
    @OptionGroup(title: RedisSection.title) var redis: RedisFlags
    @OptionGroup(title: ClientSection.title) var client: ClientFlags
    @OptionGroup(title: RoomSection.title) var room: RoomFlags
    @OptionGroup(title: LogSection.title) var log: LogFlags

    struct ListenerFlags: ParsableArguments {
        @Option(help: .of("host"))
        var host: String?
        @Option(help: .of("port"))
        var port: String?
        @Option(help: .of("max-connections"))
        var maxConnections: String?
        @Option(help: .of("allowed-origins"))
        var allowedOrigins: String?
        @Option(help: .of("handshake-timeout"))
        var handshakeTimeout: String?
        @Option(help: .of("login-rate"))
        var loginRate: String?
        @Option(help: .of("login-burst"))
        var loginBurst: String?
    }

    struct NodeFlags: ParsableArguments {
        @Option(name: .customLong("node-id"), help: .of("node-id"))
        var nodeID: String?
        @Option(help: .of("loops"))
        var loops: String?
        @Option(help: .of("drain-delay"))
        var drainDelay: String?
        @Option(help: .of("drain-timeout"))
        var drainTimeout: String?
    }

    struct AdminFlags: ParsableArguments {
        @Option(help: .of("admin"))
        var admin: String?
    }

    struct RedisFlags: ParsableArguments {
        @Option(help: .of("redis"))
        var redis: String?
        @Option(help: .of("redis-password-file"))
        var redisPasswordFile: String?
        @Option(help: .of("redis-prefix"))
        var redisPrefix: String?
        @Flag(help: .of("new-cluster"))
        var newCluster = false
    }

    struct ClientFlags: ParsableArguments {
        @Option(help: .of("message-rate"))
        var messageRate: String?
        @Option(help: .of("message-burst"))
        var messageBurst: String?
        @Option(help: .of("byte-rate"))
        var byteRate: String?
        @Option(help: .of("byte-burst"))
        var byteBurst: String?
        @Option(help: .of("message-size"))
        var messageSize: String?
        @Option(help: .of("rooms-per-client"))
        var roomsPerClient: String?
        @Option(help: .of("join-rate"))
        var joinRate: String?
        @Option(help: .of("join-burst"))
        var joinBurst: String?
        @Option(help: .of("new-room-rate"))
        var newRoomRate: String?
        @Option(help: .of("new-room-burst"))
        var newRoomBurst: String?
        @Option(help: .of("removal-rate"))
        var removalRate: String?
        @Option(help: .of("removal-burst"))
        var removalBurst: String?
        @Option(help: .of("ping-interval"))
        var pingInterval: String?
        @Option(help: .of("pong-timeout"))
        var pongTimeout: String?
        @Option(help: .of("name-linger"))
        var nameLinger: String?
    }

    struct RoomFlags: ParsableArguments {
        @Option(help: .of("history"))
        var history: String?
        @Option(help: .of("history-bytes"))
        var historyBytes: String?
        @Option(help: .of("history-age"))
        var historyAge: String?
        @Option(help: .of("max-rooms"))
        var maxRooms: String?
        @Option(help: .of("removal-window"))
        var removalWindow: String?
        @Option(help: .of("reserved-names"))
        var reservedNames: String?
    }

    struct LogFlags: ParsableArguments {
        @Option(help: .of("log-level"))
        var logLevel: String?
        @Option(help: .of("log-format"))
        var logFormat: String?
    }
}

// MARK: - What was given

extension ServeFlags {
    /// The values that were given, by key.
    ///
    /// Read by reflection, so that a setting is not named a third time.
    var values: [String: String] {
        var values: [String: String] = [:]
        for (key, flag) in Self.all(in: self) {
            if let option = flag as? Option<String?> { values[key] = option.wrappedValue }
            if let flag = flag as? Flag<Bool>, flag.wrappedValue { values[key] = "true" }
        }
        return values
    }

    /// Returns every flag with its key, those of groups too.
    static func all(in arguments: any ParsableArguments) -> [(key: String, flag: Any)] {
        Mirror(reflecting: arguments).children.flatMap {
            label,
            child -> [(key: String, flag: Any)] in
            if let group = child as? any FlagGroup { return all(in: group.flags) }
            return label.map { [(key(ofLabel: $0), child)] } ?? []
        }
    }

    /// Returns the key of a flag's stored property: `message-rate` of `_messageRate`, `node-id` of
    /// `_nodeID`.
    private static func key(ofLabel label: String) -> String {
        var key = ""
        var afterCapital = true
        for character in label.dropFirst() {
            if character.isUppercase, !afterCapital { key.append("-") }
            afterCapital = character.isUppercase
            key += character.lowercased()
        }
        return key
    }

    /// Puts the configuration together that a node with these flags has.
    ///
    /// Fails: with an exit code, after printing everything that is wrong.
    func configuration(_ environment: [String: String]) throws -> Configuration {
        do {
            return try Configuration.load(flags: values, environment: environment)
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(error.exitCode)
        }
    }
}

/// A property of `ServeFlags` that has flags of its own.
private protocol FlagGroup {
    var flags: any ParsableArguments { get }
}

extension OptionGroup: FlagGroup {
    fileprivate var flags: any ParsableArguments { wrappedValue }
}

extension ArgumentHelp {
    /// Returns what the table says about a setting.
    fileprivate static func of(_ key: String) -> ArgumentHelp {
        guard let setting = Setting.named(key) else {
            preconditionFailure("a flag without a row in the table: \(key)")
        }
        guard setting.flagOnly == nil else { return ArgumentHelp("\(setting.meaning)") }
        return ArgumentHelp(
            "\(setting.meaning) (default: \(setting.defaultText); \(setting.variable))",
            valueName: setting.placeholder
        )
    }
}
