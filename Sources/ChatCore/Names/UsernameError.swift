/// Says why a text is not a valid user name.
public enum UsernameError: Error, Hashable, Sendable {
    /// The text is empty.
    case empty
    /// The text has more than `Limits.usernameScalars` characters or `Limits.usernameBytes` bytes,
    /// as it would be shown or in lower case.
    case tooLong
    /// The text contains this character, which no name may contain.
    case forbiddenCharacter(Unicode.Scalar)
    /// The text begins with this character, which is allowed only further on.
    case forbiddenStart(Unicode.Scalar)
    /// The text has letters of several scripts that are not written together in any language.
    case mixedScripts
    /// The text has digits of several number systems.
    case mixedDigits
    /// The text is a right-to-left name whose parts would be shown in another order than they have.
    case ambiguousDirection

    /// A sentence for the person who chose the name.
    ///
    /// It contains no character of the name itself: a forbidden one could spoil the line it is
    /// shown in.
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
