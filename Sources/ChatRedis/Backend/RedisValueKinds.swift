import ChatCore
import ChatSupport

extension ValueKind<String> {
    /// A file's path.
    static let path = ValueKind(expected: "a path such as /etc/chatnode/redis-password") {
        (text) throws(InvalidValue) in
        guard !text.isEmpty else { throw InvalidValue("is not a path") }
        return text
    } show: {
        $0
    }

    /// The start of keys and channels in Redis: readable in `redis-cli`, and without the characters
    /// that have a meaning in its patterns.
    static let prefix = ValueKind(
        expected: "1 to \(Limits.redisPrefixBytes) of a-z, 0-9, - _ and ."
    ) { (text) throws(InvalidValue) in
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
        guard (1...Limits.redisPrefixBytes).contains(text.count), text.allSatisfy(allowed.contains)
        else {
            throw InvalidValue(
                "is not 1 to \(Limits.redisPrefixBytes) of a-z, 0-9, - _ and ."
            )
        }
        return text
    } show: {
        $0
    }
}

extension ValueKind<RedisURL> {
    /// Where Redis is.
    static let redis = ValueKind(expected: "an address such as redis://127.0.0.1:6379") {
        (text) throws(InvalidValue) in
        try RedisURL(text)
    } show: {
        "\($0)"
    }
}
