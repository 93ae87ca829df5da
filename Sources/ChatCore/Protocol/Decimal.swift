extension UInt64 {
    /// Reads a number as `JSONWriter` writes it: one number, one text.
    ///
    /// Fails: nil for anything but decimal digits, for a zero in front of them, and for what does
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
}
