/// The properties of one character that the rules of user names need, for a character that a name
/// may contain.
///
/// The tables hold one version of Unicode, independent of the toolchain, so that all nodes of a
/// cluster accept the same names. For the characters in them, normalisation and case pairs never
/// change (Unicode character encoding stability policies), so those come from the standard library.
struct NameCharacter {
    /// A character's function in a name. The numbers are those of the table.
    enum Role: UInt32 {
        case other, letter, mark, digit
    }

    /// The classes of UAX 9 that the Bidi Rule distinguishes. The numbers are those of the table.
    enum Direction: UInt32 {
        case neutral, left, right, arabicNumber, number, mark
    }

    let role: Role
    let direction: Direction
    /// The scripts in which the character is used.
    let scripts: ScriptSet
    /// The start of the character's range in the table: for a digit, the zero of its number system.
    let rangeStart: UInt32

    /// Looks a character up.
    ///
    /// Cost: a binary search of about eleven steps.
    /// Fails: nil for a character that no name may contain.
    init?(_ scalar: Unicode.Scalar) {
        // Searches the last range that begins at or before the scalar; the first one begins at 0.
        let ranges = CharacterTable.ranges
        var low = 0
        var high = ranges.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if ranges[middle] >> 11 <= scalar.value { low = middle } else { high = middle }
        }
        let kind = CharacterTable.kinds[Int(ranges[low] & 0x7FF)]
        guard ranges[low] & 0x7FF != 0, let role = Role(rawValue: kind >> 4 & 0xF),
            let direction = Direction(rawValue: kind & 0xF)
        else { return nil }
        self.role = role
        self.direction = direction
        scripts = ScriptSet(tableOffset: Int(kind >> 8))
        rangeStart = ranges[low] >> 11
    }
}

/// A set of scripts, in which the usual mixes of scripts count as scripts too: the characters of a
/// name go together if their sets have a common element (UTS 39 section 5.1, augmented script
/// sets).
struct ScriptSet: Equatable {
    /// The set for a character that is used with any script.
    static let all = ScriptSet(bits: SIMD4(repeating: .max))

    private var bits: SIMD4<UInt64>

    private init(bits: SIMD4<UInt64>) {
        self.bits = bits
    }

    init(tableOffset: Int) {
        let count = Int(CharacterTable.scripts[tableOffset])
        guard count > 0 else {
            self = .all
            return
        }
        bits = .zero
        for number in CharacterTable.scripts[(tableOffset + 1)...].prefix(count) {
            bits[Int(number) / 64] |= 1 << UInt64(number % 64)
        }
    }

    var isEmpty: Bool {
        bits == .zero
    }

    mutating func formIntersection(_ other: ScriptSet) {
        bits &= other.bits
    }
}
