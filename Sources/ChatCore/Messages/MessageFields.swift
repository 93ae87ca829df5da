/// Says why a text is not a message.
public enum MessageFault: Sendable, Equatable {
    /// The text is not JSON.
    case notJSON
    /// The text is nested deeper than `Limits.jsonDepth`.
    case tooDeep
    /// The text is JSON, but not an object.
    case notAnObject
    /// A known key is given twice.
    case givenTwice(MessageKey)
    /// A key's value is not a string.
    case notAString(MessageKey)
    /// A key's value is not a whole number from 1 on, below `Limits.numbers`.
    case notANumber(MessageKey)
    /// A key's value is neither a string nor a number, or longer than `Limits.receiptBytes`.
    case notAReceipt(MessageKey)
    /// A key's value is not an object with the members `epoch`, `seq` and `mid` of a position.
    case notAPosition(MessageKey)
    /// A login numbers all its messages or none, and this one is of the other kind.
    case otherNumbering
    /// A key is missing.
    case missing(MessageKey)
    /// The type is unknown, or missing.
    case unknownType
}

/// A text that is not a message.
public struct MessageError: Error, Equatable {
    /// The fault of the text.
    public let fault: MessageFault
    /// The username in the text, to be echoed; nil if there is none that is a string, and always if
    /// the text is not JSON.
    public let username: JSONString?
}

extension MessageError {
    /// Makes the error of a text that cannot be read at all.
    init(_ error: JSONError) {
        switch error {
        case .malformed: self.init(fault: .notJSON, username: nil)
        case .tooDeep: self.init(fault: .tooDeep, username: nil)
        }
    }
}

/// The known keys of a message's top level, spelled as their cases. The plain vocabulary has the first
/// three.
public enum MessageKey: UInt8, Sendable, CaseIterable {
    /// The type of the message.
    case type
    /// The sender's name, or the one that it wants.
    case username
    /// The value of a chat message, which is any JSON.
    case value
    /// The room that the message is about.
    case room
    /// The client's own id of a request, which the answer repeats.
    case id
    /// The number of a message within its login.
    case n
    /// Where the client stood in a room.
    case since
    /// The secret of an earlier login.
    case session
    /// How many of a room's newest messages the client wants.
    case history
    /// The number before which the client wants older messages.
    case before
    /// How many of them it wants at most.
    case limit
    /// The number of the message that is to be taken back.
    case seq
    /// Its id.
    case mid
    /// Why it is taken back, for people.
    case reason

    @inline(__always)
    init?(plain key: JSONString, in bytes: RawSpan) {
        if key.equals("type", in: bytes) {
            self = .type
        } else if key.equals("username", in: bytes) {
            self = .username
        } else if key.equals("value", in: bytes) {
            self = .value
        } else {
            return nil
        }
    }

    /// Makes a key of `chat.v1`. The keys of a usual message come first.
    @inline(__always)
    init?(v1 key: JSONString, in bytes: RawSpan) {
        if let plain = Self(plain: key, in: bytes) {
            self = plain
        } else if key.equals("room", in: bytes) {
            self = .room
        } else if key.equals("id", in: bytes) {
            self = .id
        } else if key.equals("n", in: bytes) {
            self = .n
        } else if key.equals("since", in: bytes) {
            self = .since
        } else if key.equals("session", in: bytes) {
            self = .session
        } else if key.equals("history", in: bytes) {
            self = .history
        } else if key.equals("before", in: bytes) {
            self = .before
        } else if key.equals("limit", in: bytes) {
            self = .limit
        } else if key.equals("seq", in: bytes) {
            self = .seq
        } else if key.equals("mid", in: bytes) {
            self = .mid
        } else if key.equals("reason", in: bytes) {
            self = .reason
        } else {
            return nil
        }
    }
}

/// The values found for the keys of the plain vocabulary, as ranges of a message's bytes.
struct MessageFields: KnownFields {
    private(set) var type: JSONString?
    private(set) var username: JSONString?
    private(set) var value: Range<Int>?
    var given: UInt32 = 0
    var fault: MessageFault?

    /// Reads the fields of a text.
    ///
    /// Fails: with the first of these that applies, wherever it is in the text: it is not JSON;
    /// anything but an object, a key given twice or a field of the wrong type.
    init(_ bytes: RawSpan) throws(MessageError) {
        do throws(JSONError) {
            try readFields(bytes)
        } catch {
            throw MessageError(error)
        }
        if let fault { throw error(fault) }
    }

    private mutating func readFields(_ bytes: RawSpan) throws(JSONError) { try read(bytes) }

    /// Returns an error with the username found.
    func error(_ fault: MessageFault) -> MessageError {
        MessageError(fault: fault, username: username)
    }

    @inline(__always)
    static func key(_ name: JSONString, in bytes: RawSpan) -> MessageKey? {
        MessageKey(plain: name, in: bytes)
    }

    @inline(__always)
    mutating func store(
        _ key: MessageKey,
        _ range: Range<Int>,
        _ string: JSONString?,
        in bytes: RawSpan
    ) {
        switch key {
        case .type:
            type = string
            if string == nil { note(.notAString(key)) }
        case .username:
            username = string
            if string == nil { note(.notAString(key)) }
        default:
            value = range
        }
    }
}
