/// A valid user name: the spelling that people see, and the key that decides whether two names are
/// the same.
///
/// The rules are UsernameCaseMapped of RFC 8265 section 3.3, with three decisions of our own:
///
/// - Of ASCII only letters, digits and `_ - . '` are allowed; the letters are of one script, or of
///   a usual mix (UTS 39 section 5.2, "highly restrictive"); digits are of one number system. A
///   name begins with a letter or a digit, so that it is never punctuation alone and never looks
///   like a quote or an option at the start of a line.
/// - Characters are checked after normalisation, the order of RFC 8264 section 7: texts that are
///   canonically equivalent are treated alike. Decomposed Korean is accepted, the Kelvin sign is a
///   K.
/// - The final sigma folds to the ordinary one, otherwise ΝΙΚΟΣ and Νικος would be two names.
///   Nothing else is added to Unicode's lower case: ß is not ss (they distinguish family names), ẞ
///   is ß, ı is not i, and İ is i with a dot above.
///
/// A name's key is itself a valid name with that key. Names that only look alike within one script
/// are different names.
public struct Username: Hashable, Sendable {
    /// The name as it was claimed, with width mapped and normalised (NFC): what people see.
    public let display: String
    /// The name in lower case: two names with the same key are the same name.
    public let key: String

    /// Checks a text from outside and computes its key.
    ///
    /// Cost: one pass over the bytes of an ASCII name; otherwise microseconds and some allocations,
    /// whatever the length of the text.
    /// Fails: with the first rule that the text breaks.
    public init(_ text: String) throws(UsernameError) {
        if Self.isPlain(text) {
            display = text
            key = text.lowercased()
            return
        }
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= Self.inputBytes else { throw .tooLong }
        display = NameCharacter.normalised(text.unicodeScalars.lazy.map(NameCharacter.widthMapped))
        try Self.checkLength(display)
        try NameCharacter.check(display.unicodeScalars)
        key = NameCharacter.lowercased(display)
        try Self.checkLength(key)
    }

    /// Whether these bytes are the name exactly as it is shown: the quick check of a name that
    /// comes with every message. If it fails, the bytes may still be another spelling, which only a
    /// `Username` made of them tells.
    ///
    /// Cost: a comparison of at most `Limits.usernameBytes`; no allocation.
    public func isSpelled(by bytes: RawSpan) -> Bool {
        bytes.equals(display.utf8.span.bytes)
    }

    /// Whether the keys are equal: two spellings of one name are.
    public static func == (left: Username, right: Username) -> Bool {
        left.key == right.key
    }

    /// Hashes the key, to match equality.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(key)
    }

    /// The longest input that can become a valid name: no character decomposes canonically into
    /// more than four (U+1F82 does, the most in Unicode 14), of at most four bytes each.
    private static let inputBytes = Limits.usernameScalars * 4 * 4

    private static func checkLength(_ name: String) throws(UsernameError) {
        guard name.utf8.count <= Limits.usernameBytes,
            name.unicodeScalars.count <= Limits.usernameScalars
        else { throw .tooLong }
    }

    /// Whether a text is a valid name of ASCII characters, which needs no table.
    private static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count <= Limits.usernameScalars, let first = bytes.first, isAlphanumeric(first)
        else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "'"): true
            default: isAlphanumeric(byte)
            }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
