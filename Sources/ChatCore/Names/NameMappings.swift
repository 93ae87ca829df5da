// `_nfc` is the only normalisation in the standard library, and is not public.
@_spi(_Unicode) import Swift

extension NameCharacter {
    /// Returns the ordinary form of a full-width or half-width character, and any other one
    /// unchanged.
    static func widthMapped(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard scalar.value >= WidthTable.first else { return scalar }
        let index = Int(scalar.value - WidthTable.first)
        guard index < WidthTable.targets.count, WidthTable.targets[index] != 0 else {
            return scalar
        }
        return Unicode.Scalar(WidthTable.targets[index]) ?? scalar
    }

    /// Returns the text in composed normal form (NFC).
    static func normalised(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        var composed = String.UnicodeScalarView()
        composed.append(contentsOf: String(text)._nfc)
        return String(composed)
    }

    /// Returns the name in lower case and normal form, with every final sigma replaced by the
    /// ordinary one: the lower case of a capital sigma must not depend on its place in the word.
    static func lowercased(_ name: String) -> String {
        normalised(
            name.unicodeScalars.lazy.flatMap { scalar in
                scalar == "\u{3C2}"
                    ? "\u{3C3}".unicodeScalars : scalar.properties.lowercaseMapping.unicodeScalars
            }
        )
    }
}
