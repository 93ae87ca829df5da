/// Says why a request does not open a WebSocket, and what to answer.
public enum HandshakeError: Error, Hashable, Sendable {
    /// The method is not GET.
    case method
    /// The version is HTTP/1.0 or older.
    case httpVersion
    /// There is not exactly one `Host`.
    case host
    /// There is no `Upgrade` to `websocket`.
    case notUpgrade
    /// `Connection` does not name `upgrade`.
    case connection
    /// The version of the WebSocket protocol is not 13.
    case version
    /// There is not exactly one key of 16 bytes.
    case key

    /// The HTTP status to answer with.
    public var status: Int {
        switch self {
        case .host, .connection, .key: 400
        case .method: 405
        case .notUpgrade, .version: 426
        case .httpVersion: 505
        }
    }

    /// The header fields that belong to the status (RFC 9110, sections 15.5.6 and 15.5.22; RFC
    /// 6455, section 4.4). The caller adds `Connection`.
    public var fields: [(name: String, value: String)] {
        switch self {
        case .method: [("Allow", "GET")]
        case .notUpgrade: [("Upgrade", "websocket")]
        case .version: [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
        case .httpVersion, .host, .connection, .key: []
        }
    }

    /// A sentence for the body of the answer.
    public var reason: String {
        switch self {
        case .method: "A WebSocket is opened with GET."
        case .httpVersion: "A WebSocket needs HTTP/1.1."
        case .host: "The request needs exactly one Host header."
        case .notUpgrade:
            "This is a WebSocket address: the request needs the header \"Upgrade: websocket\". "
                + "If the client sent it, a proxy in between has removed it."
        case .connection:
            "The request needs the header \"Connection: Upgrade\". "
                + "If the client sent it, a proxy in between has removed it."
        case .version: "Only version 13 of the WebSocket protocol is spoken here."
        case .key: "The request needs exactly one Sec-WebSocket-Key: 16 bytes in base64."
        }
    }
}
