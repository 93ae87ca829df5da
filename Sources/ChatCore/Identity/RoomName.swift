/// Says why a text is not a valid room name.
public enum RoomNameError: Error, Hashable, Sendable {
    /// The text is empty.
    case empty
    /// The text has more than `Limits.roomNameBytes` characters.
    case tooLong
    /// The value is valid JSON, but not text.
    case notText
    /// The text contains this character, which no room name may contain.
    case forbiddenCharacter(Unicode.Scalar)

    /// A sentence for the person who chose the name; it contains no character of the name itself.
    public var message: String {
        switch self {
        case .empty:
            "A room's name needs at least one character."
        case .tooLong:
            "A room's name has at most \(Limits.roomNameBytes) characters."
        case .notText:
            "A room's name is text."
        case .forbiddenCharacter(let scalar):
            "The character \(scalar.codePoint) cannot be part of a room's name: a-z 0-9 - _ . can."
        }
    }
}

/// The name of a room: 1 to `Limits.roomNameBytes` characters of `a-z 0-9 - _ .`, so that it has
/// only one spelling and can be part of a key, a channel or a URL without escapes.
public struct RoomName: Hashable, Sendable {
    /// The room of every client that names no room.
    public static let lobby = RoomName(valid: "lobby")

    /// The text of the name.
    public let text: String

    /// Checks a text from outside.
    ///
    /// Cost: one pass over at most `Limits.roomNameBytes`.
    /// Fails: with the first rule that the text breaks.
    public init(_ text: String) throws(RoomNameError) {
        guard !text.isEmpty else { throw .empty }
        // The length is checked before the characters, to bound the work. Only ASCII is ever valid,
        // so the number of bytes is the number of characters.
        guard text.utf8.count <= Limits.roomNameBytes else { throw .tooLong }
        for scalar in text.unicodeScalars where !Self.isAllowed(scalar) {
            throw .forbiddenCharacter(scalar)
        }
        self.init(valid: text)
    }

    private init(valid text: String) {
        self.text = text
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "0"..."9", "-", "_", ".": true
        default: false
        }
    }
}
