import ChatCore
import ChatSupport
import NIOHTTP1

// What the clients' listener and the operators' have in common: how they read a request, and the
// answers that are the same on both.

extension HTTPRequestDecoder {
    /// Refuses heads that are larger than an honest client sends.
    static func limited(leftOverBytesStrategy: RemoveAfterUpgradeStrategy) -> HTTPRequestDecoder {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = Limits.requestHeadBytes
        limits.maxHeaderListSize = Limits.requestHeadBytes
        limits.maxHeaderFieldCount = Limits.requestHeaders
        return HTTPRequestDecoder(
            leftOverBytesStrategy: leftOverBytesStrategy,
            informationalResponseStrategy: .drop,
            limitConfiguration: limits
        )
    }
}

extension HTTPRequestHead {
    /// The path of the target, which may also be a whole address (RFC 9112 §3.2.2). That of an
    /// address without one is `/` (RFC 9110 §4.2.3).
    var path: Substring {
        guard let address else { return uri.prefix { $0 != "?" } }
        let path = address.drop { $0 != "/" }
        return path.isEmpty ? "/" : path
    }

    /// Returns the host that the request is for: what the target says counts more than the `Host` field
    /// (RFC 9112 §3.2.2).
    var host: String? {
        guard let authority = address?.prefix(while: { $0 != "/" }) else {
            return headers.first(name: "host")
        }
        let start = authority.lastIndex(of: "@").map(authority.index(after:))
        return String(authority[(start ?? authority.startIndex)...])
    }

    /// A target that is a whole address, without its scheme and its query; nil for any other.
    private var address: Substring? {
        let target = uri.prefix { $0 != "?" }
        guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else { return nil }
        return target[scheme.upperBound...]
    }

    var hasBody: Bool {
        headers.contains(name: "transfer-encoding")
            || headers["content-length"].contains { $0 != "0" }
    }
}

extension HTTPResponse {
    static let alive = HTTPResponse(.ok, "ok")
    static let nothingHere = HTTPResponse(.notFound, "nothing is here")
    static let noBody = HTTPResponse(.payloadTooLarge, "no request here has a body")
    static let onlyGet = HTTPResponse(
        .methodNotAllowed,
        "only GET is answered here",
        headers: allow
    )
    /// To `OPTIONS`, of what is there (RFC 9110 §9.3.7).
    static let options = HTTPResponse(.ok, "GET is answered here", headers: allow)

    private static let allow = [(name: "Allow", value: "GET, HEAD, OPTIONS")]

    /// To `OPTIONS` where a balancer may ask for readiness that way: HAProxy's `option httpchk
    /// /readyz` does.
    static func options(readiness state: NodeState) -> HTTPResponse {
        var response = readiness(of: state)
        response.headers += allow
        return response
    }

    /// To what could not be read.
    init(_ error: HTTPParserError) {
        self =
            error == .headerOverflow
            ? HTTPResponse(
                .requestHeaderFieldsTooLarge,
                "the request's head is over \(Limits.requestHeadBytes) bytes"
                    + " or \(Limits.requestHeaders) fields"
            )
            : HTTPResponse(.badRequest, "that is no HTTP request")
    }

    /// Whether the node wants clients.
    static func readiness(of state: NodeState) -> HTTPResponse {
        let now = Clock.now
        switch state.readiness {
        case .starting: return HTTPResponse(.serviceUnavailable, "starting: waiting for Redis")
        case .draining: return HTTPResponse(.notFound, "draining")
        case .ready:
            guard !state.isReady(now) else { return HTTPResponse(.ok, "ready") }
            let seconds = state.timeWithoutBroker(now).components.seconds
            return HTTPResponse(.serviceUnavailable, "without Redis for \(seconds) s")
        }
    }
}
