/// The origin of a web page, as its browser sends it in the `Origin` header (RFC 6454, section 7).
struct Origin: Hashable {
    let scheme: String
    let authority: Authority

    /// Reads an origin. Nil unless the text is `scheme://host` or `scheme://host:port`; "null" is
    /// neither. If the port is missing, it is the scheme's default port.
    init?(_ text: String) {
        // Beyond ASCII, lower case could turn other characters into ASCII letters.
        guard text.utf8.allSatisfy({ $0 < 0x80 }), let colon = text.firstIndex(of: ":"),
            text[colon...].hasPrefix("://")
        else { return nil }
        let scheme = text[..<colon].lowercased()
        let isScheme = scheme.utf8.allSatisfy { isLetterOrDigit($0) || "+-.".utf8.contains($0) }
        guard !scheme.isEmpty, isScheme else { return nil }
        let rest = text[colon...].dropFirst(3)
        guard let authority = Authority(rest, defaultPort: Self.defaultPort(of: scheme)) else {
            return nil
        }
        self.scheme = scheme
        self.authority = authority
    }

    /// Returns the port that `Origin` and `Host` leave out.
    static func defaultPort(of scheme: String) -> UInt16? {
        switch scheme {
        case "http", "ws": 80
        case "https", "wss": 443
        default: nil
        }
    }
}

/// A host and its port, as in `Host` and after the scheme of an `Origin`.
struct Authority: Hashable {
    /// The host in lower case; a version 6 address in its brackets.
    let host: String
    let port: UInt16?

    /// Reads an authority. Nil unless the text is `host` or `host:port`.
    init?(_ text: some StringProtocol, defaultPort: UInt16?) {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let text = text.lowercased()
        // The colons of a version 6 address are inside brackets.
        let hostEnd =
            text.hasPrefix("[")
            ? text.firstIndex(of: "]").map(text.index(after:)) ?? text.endIndex
            : text.firstIndex(of: ":") ?? text.endIndex
        let host = text[..<hostEnd]
        guard Self.isName(host) || Self.isBracketed(host) else { return nil }
        self.host = String(host)
        guard hostEnd < text.endIndex else {
            port = defaultPort
            return
        }
        let digits = text[hostEnd...].dropFirst()
        guard text[hostEnd] == ":", digits.utf8.allSatisfy(isDigit), let port = UInt16(digits)
        else {
            return nil
        }
        self.port = port
    }

    /// Whether the host is the local machine for every browser: `localhost`, its subdomains (RFC
    /// 6761, section 6.3), 127.0.0.0/8, or `[::1]`.
    var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" || isIPv4Loopback
    }

    private var isIPv4Loopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.utf8.allSatisfy(isDigit) && UInt8($0) != nil }
    }

    private static func isName(_ host: Substring) -> Bool {
        !host.isEmpty && host.utf8.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) }
    }

    private static func isBracketed(_ host: Substring) -> Bool {
        host.count > 2 && host.hasPrefix("[") && host.hasSuffix("]")
            && host.dropFirst().dropLast().utf8.allSatisfy {
                isLetterOrDigit($0) || ":.".utf8.contains($0)
            }
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

/// Whether the byte, from a text in lower case, is a letter or a digit.
private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
}
