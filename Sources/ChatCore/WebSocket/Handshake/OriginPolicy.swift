/// Decides which web pages may open a WebSocket here. Browsers let every page try, and only send
/// the page's origin (RFC 6455, section 10.2); other clients send no origin, or any.
public struct OriginPolicy: Sendable {
    /// The entry that admits every page.
    public static let any = "*"
    /// The origin that a browser sends for a page without one, such as a file or a sandboxed frame
    /// (RFC 6454, section 7.1). As an entry of the list it admits all those pages.
    private static let opaque = "null"

    private let admitsAll: Bool
    private let admitsOpaque: Bool
    private let allowed: Set<Origin>

    /// Makes a policy that admits the origins of the list, besides the page served from the same
    /// host and pages of the same machine: `https://example.org`, `http://example.org:8080`, `null`
    /// for pages without an origin, or `*` for all. Any other entry admits nothing: see `isEntry`.
    public init(allowed: [String]) {
        admitsAll = allowed.contains(Self.any)
        admitsOpaque = allowed.contains(Self.opaque)
        self.allowed = Set(allowed.compactMap { Origin($0) })
    }

    /// Whether the text is a valid entry of the list, for the check of the configuration.
    public static func isEntry(_ text: String) -> Bool {
        text == any || text == opaque || Origin(text) != nil
    }

    /// Returns the narrowest entry that admits requests with these `Origin` fields.
    public static func entry(for fields: [String]) -> String {
        guard fields.count == 1, fields[0] == opaque || Origin(fields[0]) != nil else { return any }
        return fields[0]
    }

    /// Whether a request with these `Origin` fields and this `Host` is admitted. Without any field
    /// it is not from a browser; `null` is a page without an origin, which could be from anywhere.
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
