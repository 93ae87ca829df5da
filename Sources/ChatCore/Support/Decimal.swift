extension UInt64 {
    /// Reads a number in the only form in which `JSONWriter` writes it.
    ///
    /// Fails: nil for anything but decimal digits, for leading zeros, and for a number that does
    /// not fit.
    init?(decimal text: RawSpan) {
        guard text.byteCount > 0, text.byteCount == 1 || text.byte(at: 0) != UInt8(ascii: "0")
        else { return nil }
        var value: UInt64 = 0
        for offset in 0..<text.byteCount {
            let digit = text.byte(at: offset) &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (tens, isTooLong) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooMuch) = tens.addingReportingOverflow(UInt64(digit))
            guard !isTooLong, !isTooMuch else { return nil }
            value = sum
        }
        self = value
    }

    /// How many digits a number has.
    @inlinable
    public var decimalLength: Int {
        var digits = 1
        var rest = self
        while rest >= 10_000 {
            rest /= 10_000
            digits += 4
        }
        if rest >= 10 { digits += 1 }
        if rest >= 100 { digits += 1 }
        if rest >= 1000 { digits += 1 }
        return digits
    }
}
