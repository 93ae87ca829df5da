import ChatCore
package import ChatSupport

/// A Redis as an operator names it: `redis://[user@]host[:port]`.
package struct RedisURL: Equatable, Sendable, CustomStringConvertible {
    /// Nil: the user `default`.
    package var user: String?
    package var address: RedisAddress

    package var description: String {
        "redis://\(user.map { "\($0)@" } ?? "")\(address)"
    }

    package init(user: String? = nil, address: RedisAddress) {
        self.user = user
        self.address = address
    }

    /// Reads one.
    ///
    /// Fails: with what is wrong, in words that repeat nothing of the text.
    package init(_ text: String) throws(InvalidValue) {
        // Whatever else is wrong, there may be a password in front of it.
        let isSecret = text.contains("@")
        do throws(InvalidValue) {
            var rest = try Self.withoutScheme(text)
            try Self.takePath(&rest)
            user = try Self.takeUser(&rest)
            address = try Self.address(rest)
        } catch {
            throw InvalidValue(error.complaint, isSecret: isSecret)
        }
    }

    private static func withoutScheme(_ text: String) throws(InvalidValue) -> Substring {
        if text.hasPrefix("rediss://") {
            throw InvalidValue("asks for TLS, which is not supported yet")
        }
        if text.hasPrefix("unix:") || text.hasPrefix("redis+unix:") || text.hasPrefix("/") {
            throw InvalidValue("is a unix socket, and nodes reach Redis over TCP only")
        }
        if ["redis-sentinel:", "redis+sentinel:", "sentinel:"].contains(where: text.hasPrefix) {
            throw InvalidValue("asks for Sentinel, which is not supported yet")
        }
        if ["redis-cluster:", "redis+cluster:"].contains(where: text.hasPrefix) {
            throw InvalidValue("asks for Redis's cluster mode, which is not supported")
        }
        let scheme = "redis://"
        guard text.hasPrefix(scheme) else { throw InvalidValue("does not start with redis://") }
        return text.dropFirst(scheme.count)
    }

    /// Redis has numbered databases, but its channels are the same in all of them.
    private static func takePath(_ rest: inout Substring) throws(InvalidValue) {
        // Behind the user: a password may contain a slash.
        let start = rest.lastIndex(of: "@") ?? rest.startIndex
        // `a/0,b` is several addresses, and told as such.
        guard !rest[start...].contains(",") else { return }
        guard let slash = rest[start...].firstIndex(where: { "/?#".contains($0) }) else { return }
        guard ["/", "/0"].contains(rest[slash...]) else {
            throw InvalidValue(
                rest[slash] == "/"
                    ? "names a database, which channels ignore: tell clusters apart by redis-prefix"
                    : "has something behind the address"
            )
        }
        rest = rest[..<slash]
    }

    private static func takeUser(_ rest: inout Substring) throws(InvalidValue) -> String? {
        guard let at = rest.lastIndex(of: "@") else { return nil }
        let user = rest[..<at]
        rest = rest[rest.index(after: at)...]
        // Another user stands behind another address; before it, a colon begins a password.
        if let first = user.firstIndex(of: "@"), !user[..<first].contains(":"), user.contains(",") {
            throw severalAddresses
        }
        guard !user.contains(":") else {
            throw InvalidValue(
                "has a password in it, and passwords come from redis-password-file or "
                    + RedisSection.passwordVariable
            )
        }
        guard isWord(user) else { throw InvalidValue("has no user name before the @") }
        return String(user)
    }

    private static let severalAddresses = InvalidValue(
        "names several addresses, and a node takes that of one Redis: the primary's"
    )

    private static func address(_ text: Substring) throws(InvalidValue) -> RedisAddress {
        guard !text.contains(",") else { throw severalAddresses }
        var host = text
        var port = Substring("\(RedisAddress.defaultPort)")
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw InvalidValue("has no ] behind the address")
            }
            host = text[text.index(after: text.startIndex)..<end]
            let behind = text[text.index(after: end)...]
            if !behind.isEmpty { port = try self.port(behind) }
            guard host.contains(":") else { throw InvalidValue("has no IPv6 address in its []") }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = try self.port(text[colon...])
            guard !port.contains(":") else {
                throw InvalidValue("has an IPv6 address that is not in []")
            }
        }
        guard isWord(host) else { throw InvalidValue("has no host") }
        guard let number = Units.wholeNumber(port), (1...65535).contains(number) else {
            throw InvalidValue("has a port that is not between 1 and 65535")
        }
        return RedisAddress(host: String(host), port: number)
    }

    /// What stands behind the host, without its colon.
    private static func port(_ text: Substring) throws(InvalidValue) -> Substring {
        guard text.hasPrefix(":") else { throw InvalidValue("has something behind the address") }
        return text.dropFirst()
    }

    /// Printable ASCII that means nothing in a URL.
    private static func isWord(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            && !text.contains { "/?#[]@%\\".contains($0) }
    }
}
