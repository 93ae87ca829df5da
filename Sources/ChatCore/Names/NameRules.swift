// The rules that concern a name as a whole.

extension NameCharacter {
    /// Checks the characters of a normalised name that is not empty.
    ///
    /// Fails: with the first rule that is broken.
    static func check(_ scalars: String.UnicodeScalarView) throws(UsernameError) {
        var scripts = ScriptSet.all
        var zero: UInt32?
        var order = DirectionCheck()
        for (index, scalar) in scalars.enumerated() {
            guard let character = NameCharacter(scalar) else { throw .forbiddenCharacter(scalar) }
            if index == 0, character.role != .letter, character.role != .digit {
                throw .forbiddenStart(scalar)
            }
            scripts.formIntersection(character.scripts)
            if scripts.isEmpty { throw .mixedScripts }
            if character.role == .digit {
                if let zero, zero != character.rangeStart { throw .mixedDigits }
                zero = character.rangeStart
            }
            order.add(character.direction)
        }
        if !order.isUnambiguous { throw .ambiguousDirection }
    }
}

/// Checks the Bidi Rule (RFC 5893 section 2), which applies to names with right-to-left characters:
/// such a name stays in one piece, with its parts in order, wherever it is shown.
private struct DirectionCheck {
    private var first: NameCharacter.Direction?
    private var lastBeforeMarks: NameCharacter.Direction?
    /// The directions seen so far, one bit for each.
    private var seen: UInt32 = 0

    mutating func add(_ direction: NameCharacter.Direction) {
        if first == nil { first = direction }
        if direction != .mark { lastBeforeMarks = direction }
        seen |= 1 << direction.rawValue
    }

    var isUnambiguous: Bool {
        guard has(.right) || has(.arabicNumber) else { return true }
        // A name that begins from left to right (the other half of the rule) may contain neither of
        // these, so it fails here too. European digits beside Arabic ones, which the rule forbids,
        // are digits of two number systems and refused as such.
        guard first == .right, !has(.left) else { return false }
        return lastBeforeMarks != .neutral
    }

    private func has(_ direction: NameCharacter.Direction) -> Bool {
        seen & 1 << direction.rawValue != 0
    }
}
