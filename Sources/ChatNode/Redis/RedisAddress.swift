/// Where a Redis listens.
struct RedisAddress: Equatable, Sendable, CustomStringConvertible {
    /// Redis's own (redis.io, "Redis configuration").
    static let defaultPort = 6379

    /// A name or an IP address, without brackets.
    var host: String
    var port = defaultPort

    /// An IPv6 address stands in brackets (RFC 3986 §3.2.2).
    var description: String {
        let isIPv6 = host.utf8.contains(UInt8(ascii: ":"))
        return "\(isIPv6 ? "[\(host)]" : host):\(port)"
    }
}
