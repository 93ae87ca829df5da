/// Why a client's text is no message that can be acted on.
public struct ClientMessageError: Error, Equatable {
    /// For programs.
    public let code: ErrorCode
    /// A sentence for people; nothing of what the client sent is in it.
    public let message: String
    /// The username sent along, to be echoed; nil when there is none that is a string, and always
    /// when the text is not JSON.
    public let username: JSONString?
}

/// What a client said, as places in the bytes it said it in.
///
/// Only the top level is looked at: what a `value` holds is nobody's business. Unknown keys are
/// ignored. Keys and types may be written with escapes.
public struct ClientMessage: Sendable, Equatable {
    /// What is asked for.
    public enum Kind: Sendable, CaseIterable {
        /// Claim a name.
        case login
        /// Give the name back.
        case logout
        /// Say something to everybody.
        case chat
    }

    /// What is asked for.
    public let kind: Kind
    /// In whose name. Never nil in plain mode.
    public let username: JSONString?
    /// The bytes of the value, to be relayed as they are; nil when there is none.
    public let value: Range<Int>?

    /// Reads one message in the plain vocabulary.
    ///
    /// Cost: one pass over the bytes, no copy and, unless it fails, no allocation.
    /// Fails: with the first of these that applies, wherever in the text it stands: `badJSON`;
    /// `badMessage` for no object, a key given twice or a field of the wrong type; `unknownType`;
    /// `badMessage` for a missing username.
    public static func parse(_ bytes: RawSpan) throws(ClientMessageError) -> ClientMessage {
        let fields = try Fields(bytes)
        guard let type = fields.type, let kind = Kind(type, in: bytes) else {
            throw fields.error(.unknownType, "Unknown message type")
        }
        guard fields.username != nil else {
            throw fields.error(.badMessage, "The username is missing")
        }
        return ClientMessage(kind: kind, username: fields.username, value: fields.value)
    }
}

extension ClientMessage.Kind {
    fileprivate init?(_ type: JSONString, in bytes: RawSpan) {
        if type.equals("chat", in: bytes) {
            self = .chat
        } else if type.equals("login", in: bytes) {
            self = .login
        } else if type.equals("logout", in: bytes) {
            self = .logout
        } else {
            return nil
        }
    }
}

/// The known keys of a message's top level, and what was found under them.
///
/// A new field is a case of `Key` with its name, a property, and a line in `store`.
private struct Fields {
    enum Key: UInt8 {
        case type, username, value

        @inline(__always)
        init?(_ key: JSONString, in bytes: RawSpan) {
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
    }

    /// What is wrong with a text that is JSON. Words only when they are asked for.
    enum Fault {
        case noObject
        case givenTwice(Key)
        case noString(Key)

        var message: String {
            switch self {
            case .noObject: "A message is a JSON object"
            case .givenTwice(let key): "The key \"\(key)\" is given twice"
            case .noString(let key): "The \(key) must be a string"
            }
        }
    }

    private(set) var type: JSONString?
    private(set) var username: JSONString?
    private(set) var value: Range<Int>?

    /// One bit for each key that has been given.
    private var given: UInt32 = 0
    /// The first thing wrong. Told only at the end, since the rest may turn out not to be JSON, or
    /// to hold the username to be echoed.
    private var fault: Fault?

    init(_ bytes: RawSpan) throws(ClientMessageError) {
        do throws(JSONError) {
            try read(bytes)
        } catch {
            let message =
                switch error {
                case .malformed: "The message is not JSON"
                case .tooDeep: "The message is nested deeper than \(Limits.jsonDepth) levels"
                }
            throw ClientMessageError(code: .badJSON, message: message, username: nil)
        }
        if let fault { throw error(.badMessage, fault.message) }
    }

    func error(_ code: ErrorCode, _ message: String) -> ClientMessageError {
        ClientMessageError(code: code, message: message, username: username)
    }

    private mutating func read(_ bytes: RawSpan) throws(JSONError) {
        var scanner = JSONScanner()
        scanner.skipWhitespace(bytes)
        if scanner.peek(bytes) == UInt8(ascii: "{") {
            var more = try scanner.enterObject(bytes)
            while more {
                try readMember(&scanner, bytes)
                more = try scanner.nextMember(bytes)
            }
        } else {
            _ = try scanner.value(bytes)
            fault = .noObject
        }
        try scanner.end(bytes)
    }

    @inline(__always)
    private mutating func readMember(
        _ scanner: inout JSONScanner,
        _ bytes: RawSpan
    ) throws(JSONError) {
        let name = try scanner.key(bytes)
        let start = scanner.position
        let isString = scanner.peek(bytes) == UInt8(ascii: "\"")
        let string = isString ? try scanner.string(bytes) : nil
        if !isString { _ = try scanner.value(bytes, depth: 1) }

        guard let key = Key(name, in: bytes) else { return }
        let bit: UInt32 = 1 << key.rawValue
        if given & bit == 0 {
            store(key, start..<scanner.position, string)
        } else {
            note(.givenTwice(key))
        }
        given |= bit
    }

    @inline(__always)
    private mutating func store(_ key: Key, _ range: Range<Int>, _ string: JSONString?) {
        switch key {
        case .type:
            type = string
            if string == nil { note(.noString(.type)) }
        case .username:
            username = string
            if string == nil { note(.noString(.username)) }
        case .value:
            value = range
        }
    }

    private mutating func note(_ fault: Fault) {
        if self.fault == nil { self.fault = fault }
    }
}
