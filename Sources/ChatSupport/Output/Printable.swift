extension String {
    /// The string made safe for a terminal and a log: one line, nothing hidden, nothing that moves
    /// the cursor or turns the direction of reading; what is replaced is written as `\u{…}`.
    ///
    /// Cost: one scan for text without such characters.
    package var printable: String {
        guard unicodeScalars.contains(where: { $0.isUnprintable || $0 == "\\" }) else {
            return self
        }
        var text = ""
        for scalar in unicodeScalars {
            if scalar == "\\" {
                text += "\\\\"
            } else if scalar.isUnprintable {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether it is a control character (C0, DEL, C1), a line or paragraph separator, or an
    /// invisible character that formats its neighbours: above all the overrides of the direction of
    /// reading (Unicode Standard Annex #9, section 2), but also tags and joiners.
    package var isUnprintable: Bool {
        if value < 0x7F { return value < 0x20 }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
