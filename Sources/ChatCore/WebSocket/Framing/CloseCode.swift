/// Says why a WebSocket is closed (RFC 6455, section 7.4, and the codes of this program from 4000
/// on).
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The codes that mean something to this program. `CloseCodeTests` compares them with every
    /// other place that lists them.
    package enum Known: UInt16, CaseIterable {
        case normal = 1000
        case goingAway = 1001
        case protocolError = 1002
        case unsupportedData = 1003
        case invalidPayload = 1007
        case policyViolation = 1008
        case messageTooBig = 1009
        case restart = 1012
        case tryAgainLater = 1013
        case tooSlow = 4000
        case replaced = 4001
        case noPong = 4005
        case flooding = 4008
    }

    /// The number that travels.
    public let rawValue: UInt16

    /// Makes a code of any number, valid or not: see `isValidOnWire`.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package init(_ known: Known) {
        rawValue = known.rawValue
    }

    /// What the code means to this program; nil for nothing.
    package var known: Known? { Known(rawValue: rawValue) }

    /// The connection has done its work.
    public static let normal = CloseCode(.normal)
    /// The node or the page is going away.
    public static let goingAway = CloseCode(.goingAway)
    /// The peer violated RFC 6455.
    public static let protocolError = CloseCode(.protocolError)
    /// The peer sent a binary message; this server accepts text only.
    public static let unsupportedData = CloseCode(.unsupportedData)
    /// The peer sent text that is not UTF-8.
    public static let invalidPayload = CloseCode(.invalidPayload)
    /// The peer did something that the operator does not allow.
    public static let policyViolation = CloseCode(.policyViolation)
    /// The peer sent a message over the limit.
    public static let messageTooBig = CloseCode(.messageTooBig)
    /// The node restarts; the client should reconnect.
    public static let restart = CloseCode(.restart)
    /// The node cannot serve the client now.
    public static let tryAgainLater = CloseCode(.tryAgainLater)
    /// The client reads too slowly, or the node has missed messages for it; it may reconnect.
    public static let tooSlow = CloseCode(.tooSlow)
    /// A newer login of the client's own has taken its name over; the client stays away.
    public static let replaced = CloseCode(.replaced)
    /// The client did not answer a ping.
    public static let noPong = CloseCode(.noPong)
    /// The client continued to send far beyond the rate limit.
    public static let flooding = CloseCode(.flooding)

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
