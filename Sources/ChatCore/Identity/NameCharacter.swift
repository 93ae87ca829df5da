/// What the rules of user names need to know about one character that a name may hold.
///
/// The tables hold one version of Unicode, whatever the toolchain: all nodes of a cluster accept
/// the same names. For the characters in them, normalisation and case pairs never change (Unicode
/// character encoding stability policies), so those can come from the standard library.
struct NameCharacter {
    /// What a character does in a name. The numbers are those of the table.
    enum Role: UInt32 {
        case other, letter, mark, digit
    }

    /// The classes of UAX 9 that the Bidi Rule tells apart. The numbers are those of the table.
    enum Direction: UInt32 {
        case neutral, left, right, arabicNumber, number, mark
    }

    let role: Role
    let direction: Direction
    /// The scripts it is used in.
    let scripts: ScriptSet
    /// Where its range in the table begins: for a digit, the zero of its number system.
    let rangeStart: UInt32

    /// Fails: nil for a character that no name may hold.
    ///
    /// Cost: a binary search of about eleven steps.
    init?(_ scalar: Unicode.Scalar) {
        // The last range that begins at or before the scalar; the first one begins at 0.
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

/// A set of scripts, with the mixes in use as if they were scripts: the characters of a name go
/// together if their sets have something in common (UTS 39 section 5.1, augmented script sets).
struct ScriptSet: Equatable {
    /// What a character that goes with any script is used in.
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
