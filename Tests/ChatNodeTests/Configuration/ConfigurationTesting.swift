import Testing

@testable import ChatNode
@testable import ChatSupport

/// Loads without touching the process: the file is handed in as text, under the name `chat.yaml`,
/// and so are others, such as one with a password.
func loadConfiguration(
    flags: [String: String] = [:],
    environment: [String: String] = [:],
    file: String? = nil,
    otherFiles: [String: String] = ["a.txt": "a", "b.txt": "b", "c.txt": "c"]
) throws(ConfigurationError) -> Configuration {
    var flags = flags
    if file != nil { flags["config"] = "chat.yaml" }
    return try Configuration.load(flags: flags, environment: environment) {
        (path) throws(FileReadError) in
        guard let text = path == "chat.yaml" ? file : otherFiles[path] else {
            throw FileReadError(reason: "no such file or directory")
        }
        return text
    }
}

/// The error that such a configuration gives.
func configurationError(
    flags: [String: String] = [:],
    environment: [String: String] = [:],
    file: String? = nil,
    otherFiles: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> ConfigurationError {
    let error = #expect(throws: ConfigurationError.self, sourceLocation: sourceLocation) {
        try loadConfiguration(
            flags: flags,
            environment: environment,
            file: file,
            otherFiles: otherFiles
        )
    }
    return try #require(error, sourceLocation: sourceLocation)
}

/// Three values of each setting, none of them its default, as they are shown again.
let otherSettingValues: [String: [String]] = [
    "host": ["0.0.0.0", "::1", "chat.example.org"],
    "port": ["0", "80", "65535"],
    "node-id": ["n1", "n2", "rack-7/n3"],
    "loops": ["1", "2", "64"],
    "max-connections": ["1", "100", "50000"],
    "allowed-origins": ["*", "https://a.example", "https://a.example,http://b.example:81"],
    "admin": ["none", "unix:/run/a.sock", "http://127.0.0.1:9464"],
    "redis": ["redis://a:1", "redis://ops@[::1]:6379", "redis://redis.example:65535"],
    "redis-password-file": ["a.txt", "b.txt", "c.txt"],
    "redis-prefix": ["a", "chat-2", "x.y_z"],
    "message-rate": ["0", "0.5", "100"],
    "message-burst": ["1", "2.5", "100"],
    "byte-rate": ["0", "1000", "1MiB"],
    "byte-burst": ["100000", "1MiB", "1GiB"],
    "message-size": ["1KiB", "2000", "64KiB"],
    "rooms-per-client": ["1", "10", "63"],
    "join-rate": ["0", "0.5", "100"],
    "join-burst": ["65", "65.5", "100"],
    "new-room-rate": ["0", "0.5", "100"],
    "new-room-burst": ["1", "2.5", "100"],
    "removal-rate": ["0", "0.5", "100"],
    "removal-burst": ["1", "2.5", "100"],
    "history": ["0", "50", "100000"],
    "history-bytes": ["16KiB", "100000", "1023KiB"],
    "history-age": ["2m", "90m", "23h"],
    "max-rooms": ["1", "1000", "49999"],
    "removal-window": ["0s", "10m", "24h"],
    "reserved-names": ["none", "root", "root,boss"],
    "handshake-timeout": ["250ms", "1s", "1m"],
    "login-rate": ["0", "0.5", "100"],
    "login-burst": ["1", "2.5", "100"],
    "ping-interval": ["9s", "1m", "1h"],
    "pong-timeout": ["250ms", "1s", "24s"],
    "name-linger": ["0s", "1s", "2m"],
    "drain-delay": ["1s", "1500ms", "2m"],
    "drain-timeout": ["0s", "1s", "24h"],
    "log-level": ["trace", "debug", "critical"],
    "log-format": ["text", "json", "text"],
]
