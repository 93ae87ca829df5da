/// Why a text is no room's name.
public enum RoomNameError: Error, Hashable, Sendable {
    /// There is nothing in it.
    case empty
    /// More than `Limits.roomNameBytes` characters.
    case tooLong
    /// No room's name may hold this character.
    case forbiddenCharacter(Unicode.Scalar)

    /// A sentence for the person who chose the name; it holds no character of the name itself.
    public var message: String {
        switch self {
        case .empty:
            "A room's name needs at least one character."
        case .tooLong:
            "A room's name has at most \(Limits.roomNameBytes) characters."
        case .forbiddenCharacter(let scalar):
            "The character \(scalar.codePoint) cannot be part of a room's name: a-z 0-9 - _ . can."
        }
    }
}

/// The name of a room: 1 to `Limits.roomNameBytes` of `a-z 0-9 - _ .`, so that it has one spelling
/// and can stand in a key, a channel and an address as it is.
public struct RoomName: Hashable, Sendable {
    /// The room everybody is in who names none.
    public static let lobby = RoomName(valid: "lobby")

    /// The name itself.
    public let text: String

    /// Checks a text from outside.
    ///
    /// Cost: one pass over at most `Limits.roomNameBytes`.
    /// Fails: with the first rule that the text breaks.
    public init(_ text: String) throws(RoomNameError) {
        guard !text.isEmpty else { throw .empty }
        // Length before characters bounds the work; other characters than ASCII are never valid,
        // so bytes are characters.
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
