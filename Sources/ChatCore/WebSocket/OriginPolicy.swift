/// Which web pages may open a WebSocket here. Browsers let any page try and only say which it is
/// (RFC 6455, section 10.2); other clients say nothing, or whatever they like.
public struct OriginPolicy: Sendable {
    /// The entry that admits every page.
    public static let any = "*"
    /// What a browser says of a page without an origin, such as a file or a sandboxed frame (RFC
    /// 6454, section 7.1). As an entry of the list it admits all of those.
    private static let opaque = "null"

    private let admitsAll: Bool
    private let admitsOpaque: Bool
    private let allowed: Set<Origin>

    /// Admits, besides the page served from the same host and pages of the same machine, the
    /// origins of the list: `https://example.org`, `http://example.org:8080`, `null` for pages
    /// without an origin, or `*` for all. An entry that is none of these admits nothing: see
    /// `isEntry`.
    public init(allowed: [String]) {
        admitsAll = allowed.contains(Self.any)
        admitsOpaque = allowed.contains(Self.opaque)
        self.allowed = Set(allowed.compactMap { Origin($0) })
    }

    /// Whether the text may stand in the list, for the check of the configuration.
    public static func isEntry(_ text: String) -> Bool {
        text == any || text == opaque || Origin(text) != nil
    }

    /// The narrowest entry that admits requests with these `Origin` fields.
    public static func entry(for fields: [String]) -> String {
        guard fields.count == 1, fields[0] == opaque || Origin(fields[0]) != nil else { return any }
        return fields[0]
    }

    /// Whether a request with these `Origin` fields and this `Host` may go on. None at all is no
    /// browser; `null` is a page without an origin, which could be anybody's.
    public func admits(origin fields: [String], host: String?) -> Bool {
        guard let field = fields.first, !admitsAll else { return true }
        guard fields.count == 1 else { return false }
        guard let origin = Origin(field) else { return admitsOpaque && field == Self.opaque }
        return origin.authority.isLoopback || allowed.contains(origin) || isSame(origin, host)
    }

    private func isSame(_ origin: Origin, _ host: String?) -> Bool {
        guard let host else { return false }
        return Authority(host, defaultPort: Origin.defaultPort(of: origin.scheme))
            == origin.authority
    }
}
