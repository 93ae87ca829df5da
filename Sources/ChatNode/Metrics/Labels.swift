import ChatCore

/// The values of a label that tells the series of one family apart: a closed set, so that no client
/// decides how many series there are.
protocol LabelValue: CaseIterable, Equatable, RawRepresentable<String> {}

/// One cell for each value of a label. All exist from the start, at zero: otherwise a rate could
/// not see the first step from nothing to one.
struct Labelled<Value: LabelValue, Figure> {
    private let values = Array(Value.allCases)
    private let figures: [Figure]

    init(_ label: String, _ make: ([(String, String)]) -> Figure) {
        figures = Value.allCases.map { make([(label, $0.rawValue)]) }
    }

    /// Cost: a search along the values, which are a dozen at most.
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
    /// The node is full, or about to leave.
    case full
    /// Too many clients came at once.
    case crowded
    case invalid

    /// Returns the result for a refusal.
    init(_ refusal: Admission.Refusal) {
        self =
            switch refusal {
            case .foreignOrigin: .forbiddenOrigin
            case .full: .full
            case .crowded: .crowded
            case .invalid: .invalid
            }
    }
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
    case replaced
    case flooding
    case other

    /// Returns the reason for the code of a close frame that the node sends first.
    init(_ code: CloseCode) {
        self =
            switch code.known {
            case .goingAway, .restart: .nodeLeaving
            case .protocolError, .invalidPayload: .protocolError
            case .unsupportedData: .unsupportedData
            case .messageTooBig: .tooBig
            case .policyViolation: .messageTimeout
            case .tryAgainLater: .withoutRedis
            case .tooSlow: .tooSlow
            case .noPong: .noPong
            case .replaced: .replaced
            case .flooding: .flooding
            // No node sends these first.
            case .normal, nil: .other
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
            case .refused, .outOfOrder, .notRemoved: .refused
            case .lost: .lost
            case .unknown: .unknown
            }
    }
}

extension LoginFailureReason: LabelValue {}

extension ErrorCode: LabelValue {}
