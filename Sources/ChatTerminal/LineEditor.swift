/// The line that a person is entering, on a terminal that neither echoes nor edits.
struct LineEditor {
    enum Action: Equatable {
        /// A line is complete.
        case line(String)
        /// Ctrl-D on an empty line.
        case end
        /// Ctrl-C.
        case interrupt
    }

    private enum State { case text, escape, sequence }

    private var bytes: [UInt8] = []
    private var state = State.text

    /// The text so far.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Takes bytes from the terminal. Keys that move the cursor do nothing.
    mutating func take(_ input: some Sequence<UInt8>) -> [Action] {
        var actions: [Action] = []
        for byte in input {
            switch state {
            case .text: if let action = take(byte) { actions.append(action) }
            case .escape:
                state = byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") ? .sequence : .text
            case .sequence: if (0x40...0x7E).contains(byte) { state = .text }
            }
        }
        return actions
    }

    private mutating func take(_ byte: UInt8) -> Action? {
        switch byte {
        case 0x0A, 0x0D:
            defer { bytes = [] }
            return .line(text)
        case 0x03: return .interrupt
        case 0x04: return bytes.isEmpty ? .end : nil
        case 0x08, 0x7F: bytes = Array(text.dropLast().utf8)
        case 0x15: bytes = []
        case 0x17:
            // Ctrl-W: the last word.
            while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
            while let last = bytes.last, last != UInt8(ascii: " ") { bytes.removeLast() }
        case 0x1B: state = .escape
        case 0x00..<0x20: break
        default: bytes.append(byte)
        }
        return nil
    }

    /// Returns the end of the text that fits into a number of columns. A character beyond ASCII counts as two,
    /// the widest that it can be.
    func tail(columns: Int) -> String {
        var width = 0
        let tail = text.reversed().prefix { character in
            width += character.isASCII ? 1 : 2
            return width <= columns
        }
        return String(tail.reversed())
    }
}
