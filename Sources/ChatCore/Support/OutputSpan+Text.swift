/// Writes text into memory that was reserved before: nothing grows, and the free capacity is
/// checked once for each piece, where an array checks it for each byte.
///
/// Inlinable in other modules too, because a piece is often two bytes.
///
/// Fails: by a trap, if the capacity does not suffice.
extension OutputSpan where Element == UInt8 {
    /// Appends bytes as they are.
    @inlinable
    public mutating func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends a text as it is.
    @inlinable
    public mutating func append(_ text: String) {
        append(text.utf8.span.bytes)
    }

    /// Appends a literal as it is.
    @inlinable
    public mutating func append(literal: StaticString) {
        append(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends a number in decimal digits, as many as `decimalLength` says.
    @inlinable
    public mutating func append(decimal number: UInt64) {
        let width = number.decimalLength
        precondition(width <= freeCapacity, "no room for a number")
        withUnsafeMutableBufferPointer { buffer, count in
            var rest = number
            for place in (count..<count + width).reversed() {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            }
            count += width
        }
    }

    /// Appends the bytes of a number in the order in which they lie in memory.
    @inlinable
    mutating func append(bytesOf number: UInt64) {
        withUnsafeBytes(of: number) { append($0) }
    }

    @inlinable
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= freeCapacity, "no room for a text")
        withUnsafeMutableBufferPointer { buffer, count in
            let room = UnsafeMutableRawBufferPointer(buffer)
            UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: bytes)
            count += bytes.count
        }
    }
}
