/// Where a Redis listens.
package struct RedisAddress: Equatable, Sendable, CustomStringConvertible {
    /// Redis's own (redis.io, "Redis configuration").
    package static let defaultPort = 6379

    /// A name or an IP address, without brackets.
    package var host: String
    package var port = defaultPort

    package init(host: String, port: Int = defaultPort) {
        self.host = host
        self.port = port
    }

    /// An IPv6 address stands in brackets (RFC 3986 §3.2.2).
    package var description: String {
        let isIPv6 = host.utf8.contains(UInt8(ascii: ":"))
        return "\(isIPv6 ? "[\(host)]" : host):\(port)"
    }
}
