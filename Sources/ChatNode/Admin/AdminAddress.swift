import ChatCore
import ChatSupport

/// The operators' address of a node, as it is written in the settings.
enum AdminAddress: Equatable, Sendable {
    /// A unix socket whose path follows from the clients' address.
    case automatic
    /// No address: operators are not served.
    case none
    case unix(String)
    /// A host and a port; port 0 means any free one.
    case tcp(String, Int)
}

extension AdminAddress: CustomStringConvertible {
    var description: String {
        switch self {
        case .automatic: "auto"
        case .none: "none"
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): "http://\(authority(host, port))"
        }
    }
}

/// Returns a host and a port as they stand in a URL: an IPv6 address in brackets (RFC 3986 §3.2.2).
func authority(_ host: String, _ port: Int) -> String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
}

extension ValueKind<AdminAddress> {
    static let admin = ValueKind(
        expected: "unix:PATH, http://host:port such as http://127.0.0.1:9464, none, or auto"
    ) { (text) throws(InvalidValue) in
        switch text {
        case "auto": return .automatic
        case "none": return .none
        default: break
        }
        if text.hasPrefix("unix:") { return try unix(String(text.dropFirst("unix:".count))) }
        return try tcp(text)
    } show: {
        $0.description
    }

    private static func unix(_ path: String) throws(InvalidValue) -> AdminAddress {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw InvalidValue("has no path") }
        guard path.utf8.count <= Limits.socketPathBytes else {
            throw InvalidValue(
                "has a path of \(path.utf8.count) bytes; a socket's has \(Limits.socketPathBytes)"
                    + " at most"
            )
        }
        return .unix(path)
    }

    /// Reads `http://`, which may be left out, a host and a port.
    private static func tcp(_ text: String) throws(InvalidValue) -> AdminAddress {
        var place = text.hasPrefix("http://") ? text.dropFirst("http://".count) : text[...]
        if place.hasSuffix("/") { place = place.dropLast() }
        guard !place.contains("/") else { throw InvalidValue("is no address to listen on") }
        guard let colon = place.lastIndex(of: ":"),
            let port = Units.wholeNumber(String(place[place.index(after: colon)...])),
            (0...65535).contains(port)
        else { throw InvalidValue("has no port, which is needed") }
        var host = place[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw InvalidValue("has an IPv6 address without brackets")
        }
        return .tcp(try ValueKind<String>.host.parse(String(host)), port)
    }
}

/// The operators' address of a node, as it is bound.
enum AdminPlace: Equatable, Sendable {
    /// A unix socket. `folder` is made and removed with the socket, and must be this user's alone.
    case unix(path: String, folder: String?)
    case tcp(String, Int)

    /// Whether only users of this machine reach it whom the file system lets: others may look, and change nothing.
    var isPrivate: Bool {
        if case .unix = self { true } else { false }
    }

    /// Returns the shell command that asks there for `path`.
    func question(of path: String) -> String {
        switch self {
        case .unix(let socket, _):
            "curl --unix-socket \(socket.quotedForShell) http://localhost\(path)"
        case .tcp(let host, let port): "http://\(authority(host, port))\(path)"
        }
    }
}

extension String {
    /// The string quoted as one word for a shell.
    fileprivate var quotedForShell: String {
        let isPlain = utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-:+@,".utf8.contains(byte)
            }
        }
        guard !isPlain else { return self }
        return "'"
            + split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
            + "'"
    }
}
