/// Decides whether a request becomes a WebSocket, in whichever way the request was read: by an HTTP
/// parser, or as an `OpeningRequest`.
///
/// An origin that is not admitted is refused before all else, so that a foreign page learns nothing of
/// the node.
public struct Admission: Sendable {
    /// Says why a request does not become a WebSocket, and what to answer.
    public enum Refusal: Error, Sendable {
        /// The page that asks may not connect; its `Origin` fields.
        case foreignOrigin([String])
        /// The node takes no more connections: it is full, or about to leave.
        case full
        /// Too many clients come at present; this one's turn is then.
        case crowded(retryAfter: Duration)
        /// The request does not open a WebSocket.
        case invalid(HandshakeError)
    }

    /// What a client is sent whose request is accepted.
    public struct Acceptance: Sendable {
        /// The bytes of the answer.
        public let answer: [UInt8]
        /// What client and node have agreed to speak (RFC 6455 §1.9); nil if they have agreed on
        /// nothing.
        public let subprotocol: String?
    }

    private let origins: OriginPolicy
    private let subprotocols: [String]

    /// Makes a decision by the origins that the node admits and the subprotocols that it speaks. Of
    /// several that a client offers, the first in the client's order is agreed on (RFC 6455 §4.2.2).
    public init(origins: OriginPolicy, subprotocols: [String] = []) {
        self.origins = origins
        self.subprotocols = subprotocols
    }

    /// Decides on a request that an HTTP parser has read. `headers` returns for a name, in any case,
    /// the values of all fields of that name in order; `host` is whom the request is for; `isFull`
    /// says whether the node takes no more connections.
    ///
    /// Fails: with the first reason to refuse.
    public func decide(
        method: String,
        version: (major: Int, minor: Int),
        host: String?,
        headers: (String) -> [String],
        isFull: Bool
    ) throws(Refusal) -> Acceptance {
        try check(origin: headers("Origin"), host: host, isFull: isFull)
        do {
            let key = try Handshake.key(method: method, version: version, headers: headers)
            return accept(headers("Sec-WebSocket-Protocol"), key.span.bytes, key: key.indices)
        } catch {
            throw .invalid(error)
        }
    }

    /// Decides on a request in the usual form, which is in `bytes`.
    ///
    /// Cost: one allocation; two more for a request of a page.
    /// Fails: with the first reason to refuse.
    public func decide(
        on request: OpeningRequest,
        in bytes: RawSpan,
        isFull: Bool
    ) throws(Refusal) -> Acceptance {
        let origin = request.origin.map { [bytes.text(at: $0)] } ?? []
        // Only an origin is compared with the host.
        let host = origin.isEmpty ? nil : bytes.text(at: request.host)
        try check(origin: origin, host: host, isFull: isFull)
        let offered = request.subprotocol.map { [bytes.text(at: $0)] } ?? []
        return accept(offered, bytes, key: request.key)
    }

    /// Returns the answer to a request with these fields of subprotocols, and with a key in `bytes`.
    private func accept(
        _ offered: [String],
        _ bytes: RawSpan,
        key: Range<Int>
    ) -> Acceptance {
        let chosen = Handshake.elements(of: offered).first(where: subprotocols.contains)
        let answer = Handshake.answer(bytes, key: key, subprotocol: chosen)
        return Acceptance(answer: answer, subprotocol: chosen)
    }

    private func check(origin: [String], host: String?, isFull: Bool) throws(Refusal) {
        guard origins.admits(origin: origin, host: host) else { throw .foreignOrigin(origin) }
        guard !isFull else { throw .full }
    }
}

extension Admission.Refusal {
    /// The HTTP status to answer with.
    public var status: Int {
        switch self {
        case .foreignOrigin: 403
        case .full, .crowded: 503
        case .invalid(let error): error.status
        }
    }

    /// The header fields that belong to the status.
    public var fields: [(name: String, value: String)] {
        switch self {
        case .foreignOrigin: []
        case .full: [("Retry-After", "\(Limits.retryAfterFull.components.seconds)")]
        case .crowded(let wait): [("Retry-After", "\(wait.components.seconds + 1)")]
        case .invalid(let error): error.fields
        }
    }

    /// A sentence for the body of the answer. For a page that may not connect it has the setting that
    /// lets it, with a value that the settings take and that admits the page, whatever the page says
    /// it is.
    public var reason: String {
        switch self {
        case .foreignOrigin(let fields):
            "the origin is not admitted; the operator may add it to those that are: "
                + "--allowed-origins \(Self.quoted(OriginPolicy.entry(for: fields)))"
        case .full: "no more connections are taken at present"
        case .crowded: "too many clients come at once; try again in a moment"
        case .invalid(let error): error.reason
        }
    }

    /// Returns an entry as a shell takes it.
    private static func quoted(_ entry: String) -> String {
        entry == OriginPolicy.any ? "'\(entry)'" : entry
    }
}

extension RawSpan {
    /// Returns the text of a range of the bytes.
    fileprivate func text(at range: Range<Int>) -> String {
        extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
