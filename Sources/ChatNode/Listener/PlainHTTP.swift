import ChatCore
import NIOHTTP1

// What the clients' entrance and the operators' have in common: what they take for a request, and
// what they answer where it does not matter who asks.

extension HTTPRequestDecoder {
    /// Takes no head that no honest client has.
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
    /// The path of the target, which may also be a whole address (RFC 9112 §3.2.2).
    var path: Substring {
        let target = uri.prefix { $0 != "?" }
        guard let scheme = target.firstRange(of: "://"), !target.hasPrefix("/") else {
            return target
        }
        return target[scheme.upperBound...].drop { $0 != "/" }
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
        headers: [("Allow", "GET, HEAD")]
    )

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
