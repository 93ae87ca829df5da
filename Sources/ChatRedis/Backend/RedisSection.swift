import ChatCore
package import ChatSupport

/// The settings of the Redis that the nodes share.
///
/// `RedisSettings` is made from them.
package struct RedisSection: SettingsSection {
    /// Nil: the node runs alone, with everything in this process's memory.
    package var url: RedisURL?
    package var passwordFile: String?
    /// From that file or from the environment; no setting, so that no file or flag can give it.
    package var password: Secret?
    package var prefix = RedisKeys.defaultPrefix
    package var isNewCluster = false

    package init() {}

    /// The key of the password: a variable, but no flag, because every user of the machine can read a
    /// process's flags, and no line of the file, because files end up in repositories.
    package static let passwordKey = "redis-password"
    package static let passwordVariable = "CHAT_REDIS_PASSWORD"

    package static let title = "Redis"

    package static let settings: [SectionSetting<RedisSection>] = [
        SectionSetting(
            "redis",
            \.url,
            .optional(.redis, absent: "none"),
            "url",
            "The Redis that this node shares with others, as redis://[user@]host[:port]; none is to "
                + "run alone."
        ),
        SectionSetting(
            "redis-password-file",
            \.passwordFile,
            .optional(.path, absent: "none"),
            "path",
            "File whose first line is Redis's password, read again for each connection; "
                + "\(passwordVariable) is the other way to give it."
        ),
        SectionSetting(
            "redis-prefix",
            \.prefix,
            .prefix,
            "prefix",
            "What every key and channel in Redis starts with; nodes with the same one belong "
                + "together."
        ),
        SectionSetting(
            "new-cluster",
            \.isNewCluster,
            .flag("--new-cluster, at the first start of each node and never again"),
            "true or false",
            "Says that no other node is running, so that an empty Redis is no reason to wait.",
            flagOnly: "it says that no other node is running, which is true once"
        ),
    ]

    package var contradictions: [Contradiction] {
        guard passwordFile != nil, password != nil else { return [] }
        return [
            Contradiction(
                key: "redis-password-file",
                other: Self.passwordKey,
                complaint: "there is a password in \(Self.passwordVariable) too",
                fix: "one of the two"
            )
        ]
    }

    /// The user and password that the node logs in to Redis with.
    package var credentials: RedisCredentials {
        RedisCredentials(user: url?.user, password: password)
    }
}
