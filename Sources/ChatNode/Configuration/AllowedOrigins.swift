/// The web pages that may connect, by their origin (RFC 6454), so that a page of somebody else
/// cannot use a visitor's browser to get in.
enum AllowedOrigins: Equatable, Sendable {
    /// These, in the form in which browsers send them (RFC 6454 section 6.2). None: the node's own
    /// page and pages from this machine.
    case listed([String])
    /// Any page of anybody.
    case any

    /// As the policy takes them.
    var entries: [String] {
        switch self {
        case .listed(let origins): origins
        case .any: ["*"]
        }
    }
}

extension AllowedOrigins {
    /// Reads `scheme://host[:port]` and gives it back in the form in which browsers send it: lower
    /// case, without the scheme's default port.
    ///
    /// Fails: with what is wrong with the text.
    static func origin(_ text: String) throws(InvalidValue) -> String {
        let lower = text.lowercased()
        guard let scheme = lower.firstRange(of: "://") else {
            throw InvalidValue("has no scheme")
        }
        let name = lower[..<scheme.lowerBound]
        guard let first = name.utf8.first, first.isLetter, name.utf8.allSatisfy(\.isSchemeByte)
        else {
            throw InvalidValue("has no scheme such as https")
        }
        let authority = lower[scheme.upperBound...]
        guard !authority.contains(where: { "/?#".contains($0) }) else {
            throw InvalidValue("has a path: an origin ends with the host or the port")
        }
        let (host, port) = try split(authority)
        guard isHost(host) else {
            throw InvalidValue("has no valid host name (other alphabets as punycode: xn--…)")
        }
        guard let port, defaultPorts[String(name)] != port else { return "\(name)://\(host)" }
        return "\(name)://\(host):\(port)"
    }

    /// RFC 9110 sections 4.2.1 and 4.2.2.
    private static let defaultPorts = ["http": 80, "https": 443, "ws": 80, "wss": 443]

    private static func split(_ authority: Substring) throws(InvalidValue) -> (Substring, Int?) {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else {
            return (authority, nil)
        }
        let digits = authority[authority.index(after: colon)...]
        guard digits.utf8.allSatisfy(\.isDigit), let port = Int(digits), (1...65535).contains(port)
        else {
            throw InvalidValue("has a port that is not between 1 and 65535")
        }
        return (authority[..<colon], port)
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast().utf8
            return !address.isEmpty
                && address.allSatisfy { $0.isHexDigit || $0 == UInt8(ascii: ":") }
        }
        return !host.isEmpty && host.utf8.allSatisfy(\.isHostByte)
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isHexDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
    /// RFC 3986 section 3.1.
    fileprivate var isSchemeByte: Bool {
        isLetter || isDigit || "+-.".utf8.contains(self)
    }
    /// Host names as browsers send them; the underscore occurs in names of test machines.
    fileprivate var isHostByte: Bool {
        isLetter || isDigit || "-._".utf8.contains(self)
    }
}
