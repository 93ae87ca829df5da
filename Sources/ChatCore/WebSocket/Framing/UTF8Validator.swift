/// Checks that text which arrives in parts is UTF-8 (RFC 3629): no overlong forms, no surrogates,
/// nothing above U+10FFFF.
///
/// Layout: it keeps no bytes, only a state of one byte; so a part may end inside a character.
public struct UTF8Validator: Sendable {
    private var state = State.start

    /// Makes a validator for the start of a text.
    public init() {}

    /// Whether the text so far is valid and ends with a whole character; an empty one does.
    public var isAtBoundary: Bool { state == .start }

    /// Whether `text` is a whole valid text.
    public static func isValid(_ text: RawSpan) -> Bool {
        var validator = UTF8Validator()
        return validator.accept(text) && validator.isAtBoundary
    }

    /// Takes the next part of the text; returns false once a byte is not valid in its place.
    ///
    /// Cost: one pass; 16 bytes at a time while they are ASCII, otherwise one table look-up per
    /// byte.
    public mutating func accept(_ part: RawSpan) -> Bool {
        // A copy, so that the state stays in a register.
        var state = self.state
        Self.rows.withUnsafeBufferPointer { rows in
            part.withUnsafeBytes { bytes in
                var offset = 0
                while bytes.count - offset >= 16 {
                    if state != .start || !isASCII(bytes, at: offset) {
                        for index in offset..<offset + 16 {
                            state.advance(by: rows[Int(bytes[index])])
                        }
                    }
                    offset += 16
                }
                // If the part has at least 16 bytes, its unread rest and the byte before it are
                // among its last 16. If those are ASCII, no character is unfinished; checking some
                // of them twice costs less than checking each byte.
                if bytes.count < 16 || !isASCII(bytes, at: bytes.count - 16) {
                    for index in offset..<bytes.count { state.advance(by: rows[Int(bytes[index])]) }
                }
            }
        }
        self.state = state
        return state != .failed
    }

    /// Whether 16 bytes are all ASCII.
    private func isASCII(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        let first = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let second = bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        return (first | second) & 0x8080_8080_8080_8080 == 0
    }
}

// MARK: - The automaton

extension UTF8Validator {
    /// A state of the automaton. Layout: its number is the bit offset in a row at which the state
    /// that follows it is stored: a row has six bits for each state, so that a step is one shift,
    /// without a branch.
    private struct State: Equatable {
        private(set) var shift: UInt8

        /// The text is invalid. This state's entry in every row is zero, as are all entries not
        /// filled in: the state itself.
        static let failed = State(shift: 0)
        /// A first byte is expected.
        static let start = State(shift: 6)
        /// That many more bytes of the character are expected, all without bounds of their own.
        static let one = State(shift: 12)
        static let two = State(shift: 18)
        static let three = State(shift: 24)
        /// The second byte after these first bytes is expected, which has bounds of its own.
        static let afterE0 = State(shift: 30)
        static let afterED = State(shift: 36)
        static let afterF0 = State(shift: 42)
        static let afterF4 = State(shift: 48)

        @inline(__always)
        mutating func advance(by row: UInt64) {
            shift = UInt8(truncatingIfNeeded: row &>> UInt64(shift)) & 0x3F
        }
    }

    /// The rows: for every byte, the state that follows each state (the table of RFC 3629, section
    /// 4).
    private static let rows: [UInt64] = {
        var rows = [UInt64](repeating: 0, count: 256)
        func add(_ from: State, _ bytes: ClosedRange<Int>, _ to: State) {
            for byte in bytes { rows[byte] |= UInt64(to.shift) << from.shift }
        }
        add(.start, 0x00...0x7F, .start)
        add(.start, 0xC2...0xDF, .one)
        add(.start, 0xE0...0xE0, .afterE0)
        add(.start, 0xE1...0xEC, .two)
        add(.start, 0xED...0xED, .afterED)
        add(.start, 0xEE...0xEF, .two)
        add(.start, 0xF0...0xF0, .afterF0)
        add(.start, 0xF1...0xF3, .three)
        add(.start, 0xF4...0xF4, .afterF4)
        add(.one, 0x80...0xBF, .start)
        add(.two, 0x80...0xBF, .one)
        add(.three, 0x80...0xBF, .two)
        add(.afterE0, 0xA0...0xBF, .one)  // below: overlong
        add(.afterED, 0x80...0x9F, .one)  // above: surrogates
        add(.afterF0, 0x90...0xBF, .two)  // below: overlong
        add(.afterF4, 0x80...0x8F, .two)  // above: over U+10FFFF
        return rows
    }()
}
