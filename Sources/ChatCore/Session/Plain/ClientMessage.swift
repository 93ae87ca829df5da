/// A client's message, as ranges of the bytes in which it was sent.
///
/// Only the top level is parsed; what a `value` contains is not examined. Unknown keys are ignored.
/// Keys and types may be written with escapes.
public struct ClientMessage: Sendable, Equatable {
    /// The kinds of messages.
    public enum Kind: Sendable, CaseIterable {
        /// Claims a name.
        case login
        /// Gives the name back.
        case logout
        /// Sends a message to the room.
        case chat
    }

    /// The kind of message.
    public let kind: Kind
    /// The sender's name, or the one that it wants.
    public let username: JSONString
    /// The range of the value, which is relayed as it is; nil if there is none.
    public let value: Range<Int>?

    /// Reads one message in the plain vocabulary.
    ///
    /// Cost: one pass over the bytes, no copy and, unless it fails, no allocation.
    /// Fails: with the first of these that applies, wherever it is in the text: it is not JSON; it is
    /// not an object, or has a key twice or a field of the wrong type; its type is unknown; it has no
    /// username.
    public static func parse(_ bytes: RawSpan) throws(MessageError) -> ClientMessage {
        let fields = try MessageFields(bytes)
        guard let type = fields.type, let kind = Kind(type, in: bytes) else {
            throw fields.error(.unknownType)
        }
        guard let username = fields.username else {
            throw fields.error(.missing(.username))
        }
        return ClientMessage(kind: kind, username: username, value: fields.value)
    }
}

extension ClientMessage.Kind {
    /// The type in a message of this kind.
    private var type: StaticString {
        switch self {
        case .login: "login"
        case .logout: "logout"
        case .chat: "chat"
        }
    }

    /// Returns the kind of a message by its type, which is nearly always that of a chat message.
    fileprivate init?(_ type: JSONString, in bytes: RawSpan) {
        if type.equals(Self.chat.type, in: bytes) {
            self = .chat
        } else if let kind = Self.allCases.first(where: { type.equals($0.type, in: bytes) }) {
            self = kind
        } else {
            return nil
        }
    }
}
