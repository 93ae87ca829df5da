import ChatCore

/// What tells the figures of one family apart: closed sets only, so that nobody outside decides how
/// many series there are.
protocol LabelValue: CaseIterable, Equatable, RawRepresentable<String> {}

/// One figure for each value of a label. All are there from the start, at zero: the first step from
/// nothing to one would else be invisible to a rate.
struct Labelled<Value: LabelValue, Figure> {
    private let values = Array(Value.allCases)
    private let figures: [Figure]

    init(_ label: String, _ make: ([(String, String)]) -> Figure) {
        figures = Value.allCases.map { make([(label, $0.rawValue)]) }
    }

    /// Cost: a look along the values, which are a dozen at most.
    subscript(value: Value) -> Figure {
        guard let index = values.firstIndex(of: value) else {
            preconditionFailure("a case that is not among all cases")
        }
        return figures[index]
    }
}

/// What a client's connection is.
enum ConnectionKind: String, LabelValue {
    case http, websocket
}

/// What became of a request for a WebSocket.
enum HandshakeResult: String, LabelValue {
    case accepted
    case forbiddenOrigin = "forbidden_origin"
    /// Or about to leave.
    case full
    case invalid
}

/// What ended a WebSocket.
enum DisconnectReason: String, LabelValue {
    case client
    case lost
    case protocolError = "protocol_error"
    case unsupportedData = "unsupported_data"
    case tooBig = "too_big"
    case messageTimeout = "message_timeout"
    case nodeLeaving = "node_leaving"
    case withoutRedis = "without_redis"
    case tooSlow = "too_slow"
    case noPong = "no_pong"
    case flooding
    case other

    /// By the code of the close frame that the node begins with.
    init(_ code: CloseCode) {
        self =
            switch code {
            case .goingAway, .restart: .nodeLeaving
            case .protocolError, .invalidPayload: .protocolError
            case .unsupportedData: .unsupportedData
            case .messageTooBig: .tooBig
            case .policyViolation: .messageTimeout
            case .tryAgainLater: .withoutRedis
            case .tooSlow: .tooSlow
            case .noPong: .noPong
            case .flooding: .flooding
            default: .other
            }
    }
}

/// What became of a chat message.
enum PublishResult: String, LabelValue {
    case accepted, refused, lost, unknown

    init(_ settlement: Settlement) {
        self =
            switch settlement {
            case .accepted: .accepted
            case .refused: .refused
            case .lost: .lost
            case .unknown: .unknown
            }
    }
}

/// What a login was told.
enum ClaimResult: String, LabelValue {
    case granted, taken, invalid, forbidden, unavailable

    init(_ reason: LoginFailureReason) {
        self =
            switch reason {
            case .taken: .taken
            case .invalid: .invalid
            case .forbidden: .forbidden
            case .unavailable: .unavailable
            }
    }
}

extension ErrorCode: LabelValue {}
