import ArgumentParser

/// The flags of a node: one for each setting, all optional and without defaults of their own, since
/// those would come before the environment and the file.
struct ServeFlags: ParsableArguments {
    @Option(help: "Read settings from a YAML file (CHAT_CONFIG).")
    var config: String?

    @Option(help: .of("host"))
    var host: String?
    @Option(help: .of("port"))
    var port: String?
    @Option(name: .customLong("node-id"), help: .of("node-id"))
    var nodeID: String?
    @Option(help: .of("loops"))
    var loops: String?
    @Option(help: .of("max-connections"))
    var maxConnections: String?
    @Option(help: .of("allowed-origins"))
    var allowedOrigins: String?
    @Option(help: .of("admin"))
    var admin: String?
    @Option(help: .of("redis"))
    var redis: String?
    @Option(help: .of("redis-password-file"))
    var redisPasswordFile: String?
    @Option(help: .of("redis-prefix"))
    var redisPrefix: String?
    @Flag(help: .of("new-cluster"))
    var newCluster = false
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
    @Option(help: .of("history"))
    var history: String?
    @Option(help: .of("reserved-names"))
    var reservedNames: String?
    @Option(help: .of("handshake-timeout"))
    var handshakeTimeout: String?
    @Option(help: .of("ping-interval"))
    var pingInterval: String?
    @Option(help: .of("pong-timeout"))
    var pongTimeout: String?
    @Option(help: .of("drain-delay"))
    var drainDelay: String?
    @Option(help: .of("drain-timeout"))
    var drainTimeout: String?
    @Option(help: .of("log-level"))
    var logLevel: String?
    @Option(help: .of("log-format"))
    var logFormat: String?

    /// What was given, by key.
    ///
    /// Read by reflection, so that a setting is not named a third time.
    var values: [String: String] {
        var values: [String: String] = [:]
        for (label, child) in Mirror(reflecting: self).children {
            guard let label else { continue }
            let key = Self.key(ofLabel: label)
            if let option = child as? Option<String?> { values[key] = option.wrappedValue }
            if let flag = child as? Flag<Bool>, flag.wrappedValue { values[key] = "true" }
        }
        return values
    }

    /// `_messageRate`, the property behind the wrapper, is `message-rate`; `_nodeID` is `node-id`.
    static func key(ofLabel label: String) -> String {
        var key = ""
        var afterCapital = true
        for character in label.dropFirst() {
            if character.isUppercase, !afterCapital { key.append("-") }
            afterCapital = character.isUppercase
            key += character.lowercased()
        }
        return key
    }
}

extension ArgumentHelp {
    /// The table's words about a setting.
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
