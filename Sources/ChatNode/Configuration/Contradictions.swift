import ChatCore

extension Configuration {
    /// Values that are fine alone and do not fit together.
    var contradictions: [ConfigurationError.Problem] {
        var found: [ConfigurationError.Problem] = []
        if pongTimeout >= pingInterval {
            // The answer to one ping would still be awaited when the next one is sent.
            let interval = Units.text(duration: pingInterval)
            found.append(
                contradiction(
                    "pong-timeout",
                    "ping-interval",
                    "\(Units.text(duration: pongTimeout)) is not below ping-interval, \(interval)",
                    fix: pingFix
                )
            )
        }
        if messageRate > 0, messageBurst < 1 {
            found.append(
                contradiction(
                    "message-burst",
                    "message-rate",
                    "\(Units.text(number: messageBurst)) lets no message through",
                    fix: "a message-burst of 1 or more, or message-rate 0 for no limit"
                )
            )
        }
        if byteRate > 0, byteBurst < messageSize {
            let size = Units.text(bytes: messageSize)
            found.append(
                contradiction(
                    "byte-burst",
                    "message-size",
                    "\(Units.text(bytes: byteBurst)) is less than one message of message-size, \(size)",
                    fix: "a byte-burst of \(size) or more, or byte-rate 0 for no limit"
                )
            )
        }
        if case .tcp(host, port) = admin, port != 0 {
            found.append(
                contradiction(
                    "admin",
                    "port",
                    "\(admin) is where clients connect",
                    fix: "another port for one of the two; operators' things are not for clients"
                )
            )
        }
        if redisPasswordFile != nil, redisPassword != nil {
            found.append(
                contradiction(
                    "redis-password-file",
                    Setting.passwordKey,
                    "there is a password in \(Setting.passwordVariable) too",
                    fix: "one of the two"
                )
            )
        }
        return found
    }

    /// A way out leads through values that the settings take.
    private var pingFix: String {
        let interval = Units.text(duration: pingInterval)
        guard pingInterval > Limits.wheelTick else { return "a longer ping-interval" }
        guard pongTimeout < Units.longestDuration else { return "a pong-timeout below \(interval)" }
        return "a pong-timeout below \(interval), or a longer ping-interval"
    }

    private func contradiction(
        _ key: String,
        _ other: String,
        _ complaint: String,
        fix: String
    ) -> ConfigurationError.Problem {
        .contradiction(
            key: key,
            complaint: complaint,
            other: other,
            fix: fix,
            at: [source(of: key), source(of: other)]
        )
    }
}
