extension Session.ClaimRefusal {
    /// Returns a sentence for people about the name.
    func sentence(about name: String) -> String {
        switch self {
        case .taken(_?):
            "The name \(name) is still held by an earlier connection of yours; try again"
        case .taken(nil): "The name \(name) is taken; try \(name)\(Self.suffix)"
        case .notText: "The name is not text"
        case .invalid(let error): error.message
        case .reserved: "The name is reserved"
        case .unavailable(let reason, _): reason
        case .crowded: "Very many people are coming at the moment; try again shortly"
        }
    }

    /// How long to wait before another attempt, if waiting helps.
    var retryAfter: Duration? {
        switch self {
        case .unavailable(_, let wait), .crowded(let wait): wait
        case .taken(let wait): wait
        case .notText, .invalid, .reserved: nil
        }
    }

    private static let suffix = 2
}

extension Session.Refusal {
    /// A sentence for people.
    var sentence: String {
        switch self {
        case .malformed(let fault): fault.sentence
        case .notLoggedIn: "Log in first"
        case .otherName(let username): "You are logged in as \(username.display)"
        case .tooMuch: "That was too much at once; wait a moment"
        case .unavailable(let reason, _): reason
        case .badRoom(let error): error.message
        case .tooManyRooms(let most): "A client is in \(most) rooms at most; leave one first"
        case .notInRoom: "You are not in this room"
        case .outOfOrder(let expected): "The message numbered \(expected) is missing; send it first"
        case .noSuchMessage: "There is no such message any more"
        case .notOwnMessage: "You can take back only what you have said since you logged in"
        case .messageTooOld: "The message is too old to be taken back"
        case .reasonTooLong: "The reason has more than \(Limits.removalReasonBytes) bytes"
        case .nameLost: "The name has passed on; log in again"
        case .fateUnknown:
            "The name has passed on; whether the last message was sent is not known"
        }
    }

    /// How long to wait before another attempt, if waiting helps.
    var retryAfter: Duration? {
        switch self {
        case .tooMuch(let wait), .unavailable(_, let wait): wait
        case .malformed, .notLoggedIn, .otherName, .badRoom, .tooManyRooms, .notInRoom, .outOfOrder,
            .noSuchMessage, .notOwnMessage, .messageTooOld, .reasonTooLong, .nameLost, .fateUnknown:
            nil
        }
    }
}

extension MessageFault {
    /// A sentence for people; it contains nothing that the client sent.
    var sentence: String {
        switch self {
        case .notJSON: "The message is not JSON"
        case .tooDeep: "The message is nested deeper than \(Limits.jsonDepth) levels"
        case .notAnObject: "A message is a JSON object"
        case .givenTwice(let key): "The key \"\(key)\" is given twice"
        case .notAString(let key): "The \(key) must be a string"
        case .notANumber(let key): "The \(key) must be a whole number from 1 on"
        case .notAReceipt(let key):
            "The \(key) must be a string or a number, of at most \(Limits.receiptBytes) bytes"
        case .notAPosition(let key):
            "The \(key) must be an object with the epoch, seq and mid of a position"
        case .otherNumbering: "A login numbers all of its messages or none"
        case .missing(let key): "The \(key) is missing"
        case .unknownType: "Unknown message type"
        }
    }
}
