/// The kinds of errors, for programs: the same in all dialects, and in the metrics.
public enum ErrorCode: String, Sendable, CaseIterable {
    /// The type is unknown, or missing.
    case unknownType = "unknown_type"
    /// The text is not JSON, or nested too deeply.
    case badJSON = "bad_json"
    /// The text is JSON, but not a message: not an object, or a field is of the wrong type, missing
    /// or given twice.
    case badMessage = "bad_message"
    /// A text is not the name of a room.
    case badName = "bad_name"
    /// A field is too long, or there is too much of something.
    case tooLong = "too_long"
    /// The client does not hear the room.
    case notInRoom = "not_in_room"
    /// What the request is about is not there.
    case notFound = "not_found"
    /// The client may not do that.
    case forbidden
    /// Another number is due: the message is to be sent again after those before it.
    case resend
    /// The message needs a login.
    case notLoggedIn = "not_logged_in"
    /// The message is in a name that this socket does not hold.
    case wrongUsername = "wrong_username"
    /// There were too many messages or bytes in too short a time.
    case rateLimited = "rate_limited"
    /// The request cannot be carried out at present; waiting helps.
    case unavailable
}

extension Session.Refusal {
    /// The code for programs.
    public var code: ErrorCode {
        switch self {
        case .malformed(let fault): fault.code
        case .notLoggedIn, .nameLost, .fateUnknown: .notLoggedIn
        case .otherName: .wrongUsername
        case .tooMuch: .rateLimited
        case .badRoom(.tooLong), .tooManyRooms, .reasonTooLong: .tooLong
        case .badRoom: .badName
        case .notInRoom: .notInRoom
        case .outOfOrder: .resend
        case .noSuchMessage: .notFound
        case .notOwnMessage, .messageTooOld: .forbidden
        case .unavailable: .unavailable
        }
    }
}

extension MessageFault {
    /// The code for programs.
    var code: ErrorCode {
        switch self {
        case .notJSON, .tooDeep: .badJSON
        case .notAnObject, .givenTwice, .notAString, .notANumber, .notAReceipt, .notAPosition,
            .missing, .otherNumbering:
            .badMessage
        case .unknownType: .unknownType
        }
    }
}

/// The reasons why a name could not be claimed, for programs: the `value` of a `login_failure`, the
/// same in all dialects, and in the metrics.
public enum LoginFailureReason: String, Sendable, CaseIterable {
    /// Another client holds the name.
    case taken
    /// The name is not valid.
    case invalid
    /// The name is reserved.
    case forbidden
    /// Whether the name is free cannot be found out at present; waiting helps.
    case unavailable
}

extension Session.ClaimRefusal {
    /// The reason for programs.
    public var reason: LoginFailureReason {
        switch self {
        case .taken: .taken
        case .notText, .invalid: .invalid
        case .reserved: .forbidden
        case .unavailable, .crowded: .unavailable
        }
    }
}
