/// The address for a node's clients: `ws://host:port/path`.
public struct ChatURL: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is no such address.
    public struct Invalid: Error, Hashable, Sendable {
        /// What is wrong with the text.
        public let complaint: String
    }

    /// A name or an IP address, without the brackets around IPv6.
    public let host: String
    /// The port; 4567, a node's own default, unless the text has another.
    public let port: Int
    /// The path, which begins with `/`, and the query, if there is one.
    public let path: String

    /// Reads an address. The port may be left out (4567), and so may the path (`/ws`).
    public init(_ text: String) throws(Invalid) {
        let scheme = "ws://"
        guard text.hasPrefix(scheme) else {
            let hint = text.hasPrefix("wss://") ? "has TLS, which is not spoken here" : ""
            throw Invalid(complaint: hint.isEmpty ? "does not begin with ws://" : hint)
        }
        let rest = text.dropFirst(scheme.count)
        guard rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !rest.contains("#") else {
            throw Invalid(complaint: "has a character that no address has")
        }
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let tail = rest[slash...]
        path = tail.isEmpty ? "/ws" : tail.hasPrefix("/") ? String(tail) : "/" + tail
        (host, port) = try Self.authority(rest[..<slash])
    }

    private static func authority(_ text: Substring) throws(Invalid) -> (String, Int) {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw Invalid(complaint: "has a [ without its ]")
            }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw Invalid(complaint: "has something between ] and the port")
            }
            if !rest.isEmpty { port = rest.dropFirst() }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains("@") else { throw Invalid(complaint: "has no host") }
        guard text.hasPrefix("[") || !host.contains(":") else {
            throw Invalid(complaint: "has an IPv6 address without brackets")
        }
        guard let port else { return (String(host), 4567) }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw Invalid(complaint: "has no port between 1 and 65535 behind the colon")
        }
        return (String(host), number)
    }

    /// Host and port as the `Host` header has them.
    public var authority: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The address with all its parts.
    public var description: String { "ws://\(authority)\(path)" }
}
