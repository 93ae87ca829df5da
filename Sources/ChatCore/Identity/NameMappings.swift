// `_nfc` is the standard library's only normalisation, and not public.
@_spi(_Unicode) import Swift

extension NameCharacter {
    /// The ordinary form of a full-width or half-width one; any other character as it is.
    static func widthMapped(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard scalar.value >= WidthTable.first else { return scalar }
        let index = Int(scalar.value - WidthTable.first)
        guard index < WidthTable.targets.count, WidthTable.targets[index] != 0 else {
            return scalar
        }
        return Unicode.Scalar(WidthTable.targets[index]) ?? scalar
    }

    /// Composed normal form (NFC).
    static func normalised(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        var composed = String.UnicodeScalarView()
        composed.append(contentsOf: String(text)._nfc)
        return String(composed)
    }

    /// Lower case in normal form, with the final sigma as the other one: what a capital sigma
    /// becomes must not depend on where it stands.
    static func lowercased(_ name: String) -> String {
        normalised(
            name.unicodeScalars.lazy.flatMap { scalar in
                scalar == "\u{3C2}"
                    ? "\u{3C3}".unicodeScalars : scalar.properties.lowercaseMapping.unicodeScalars
            }
        )
    }
}
