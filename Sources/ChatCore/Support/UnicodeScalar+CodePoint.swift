extension Unicode.Scalar {
    /// The character's number in the usual notation, such as `U+200B`: safe to show and to log.
    var codePoint: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
