import ChatRedis
import ChatSupport

/// Everything an operator may decide about a node, with the defaults in place.
///
/// A plain value: made once at the start by `load`, then handed down in parts. What each field means
/// and how it is written stands in its section's list of settings.
struct Configuration: Equatable, Sendable {
    var listener = ListenerSection()
    var node = NodeSection()
    var admin = AdminSection()
    var redis = RedisSection()
    var client = ClientSection()
    var room = RoomSection()
    var log = LogSection()

    /// The source of each value, by key; a key that is absent has its default.
    private(set) var sources: [String: SettingSource] = [:]

    /// Returns where a setting's value comes from.
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

    /// Sets Redis's password, which is no setting, and remembers where it came from.
    mutating func setRedisPassword(_ password: Secret, from source: SettingSource) {
        redis.password = password
        sources[Setting.passwordKey] = source
    }
}
