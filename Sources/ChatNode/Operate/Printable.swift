extension String {
    /// Safe on a terminal and in a log: one line, nothing hidden, nothing that moves the cursor or
    /// turns the direction of reading; what is replaced stands as `\u{…}`.
    ///
    /// Cost: nothing but a look at it for text without such characters.
    var printable: String {
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
    /// Control characters (C0, DEL, C1), line and paragraph separators, and everything invisible
    /// that formats its neighbours: the overrides of the direction of reading above all (Unicode
    /// Standard Annex #9, section 2), but also tags and joiners.
    var isUnprintable: Bool {
        if value < 0x7F { return value < 0x20 }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
