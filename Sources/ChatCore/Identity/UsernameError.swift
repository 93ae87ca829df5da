/// Why a text is no user name.
public enum UsernameError: Error, Hashable, Sendable {
    /// There is nothing in it.
    case empty
    /// More than `Limits.usernameScalars` characters or `Limits.usernameBytes` bytes, as it would
    /// be shown or in lower case.
    case tooLong
    /// No name may hold this character.
    case forbiddenCharacter(Unicode.Scalar)
    /// No name may begin with this character; further on it is allowed.
    case forbiddenStart(Unicode.Scalar)
    /// Letters of several scripts that are not written together in any language.
    case mixedScripts
    /// Digits of several number systems.
    case mixedDigits
    /// A right-to-left name whose parts would be shown in another order than they have.
    case ambiguousDirection

    /// A sentence for the person who chose the name.
    ///
    /// It holds no character of the name itself: a forbidden one could spoil the line it is shown in.
    public var message: String {
        switch self {
        case .empty:
            "A name needs at least one character."
        case .tooLong:
            "A name has at most \(Limits.usernameScalars) characters "
                + "and \(Limits.usernameBytes) bytes."
        case .forbiddenCharacter(let scalar):
            "The character \(scalar.codePoint) cannot be part of a name: "
                + "letters, digits and _ - . ' can."
        case .forbiddenStart(let scalar):
            "A name begins with a letter or a digit, not with the character \(scalar.codePoint)."
        case .mixedScripts:
            "A name cannot mix letters of different scripts."
        case .mixedDigits:
            "A name cannot mix digits of different number systems."
        case .ambiguousDirection:
            "A name written from right to left begins with a letter, ends with a letter or a digit, "
                + "and holds digits of one kind."
        }
    }
}

extension Unicode.Scalar {
    /// The character's number in the usual notation, such as `U+200B`: safe to show and to log.
    var codePoint: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
