/// Why a WebSocket is closed (RFC 6455, section 7.4, and the codes of this program from 4000 on).
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number that travels.
    public let rawValue: UInt16

    /// Any number, valid or not: see `isValidOnWire`.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Bye.
    public static let normal = CloseCode(rawValue: 1000)
    /// The node or the page is going away.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// The peer broke RFC 6455.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// A binary message: this server takes text.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// Text that is not UTF-8.
    public static let invalidPayload = CloseCode(rawValue: 1007)
    /// Something the operator does not allow.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// A message over the limit.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// A bug of the server.
    public static let internalError = CloseCode(rawValue: 1011)
    /// The node restarts: reconnect.
    public static let restart = CloseCode(rawValue: 1012)
    /// The node cannot serve now.
    public static let tryAgainLater = CloseCode(rawValue: 1013)
    /// The client reads too slowly: resume.
    public static let tooSlow = CloseCode(rawValue: 4000)
    /// The same user has logged in anew elsewhere.
    public static let replaced = CloseCode(rawValue: 4001)
    /// Thrown out by an operator.
    public static let kicked = CloseCode(rawValue: 4003)
    /// No sign of life after a ping.
    public static let noPong = CloseCode(rawValue: 4005)
    /// Went on sending far beyond the rate limit.
    public static let flooding = CloseCode(rawValue: 4008)

    /// Whether a close frame may carry the code: 1000–1003 and 1007–1014 are registered with IANA,
    /// 3000–4999 are for libraries and applications (RFC 6455, section 7.4.2). 1005, 1006 and 1015
    /// stand for "none was sent" and never travel.
    public var isValidOnWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
