import Glibc

/// The system's random numbers, drawn many at a time: one login would need three system calls for
/// its own.
struct SystemRandomPool: RandomNumberGenerator {
    /// The number of words drawn at once: 256 bytes, the most that one call returns
    /// (getentropy(3)).
    private static let size = 32

    private var numbers = [UInt64](repeating: 0, count: size)
    private var left = 0

    mutating func next() -> UInt64 {
        if left == 0 { fill() }
        left -= 1
        // The number is erased, so that a later reader of this memory cannot learn what a session
        // was given.
        defer { numbers[left] = 0 }
        return numbers[left]
    }

    private mutating func fill() {
        let result = numbers.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { getentropy($0, bytes.count) }
        }
        precondition(result == 0, "a kernel without random numbers")
        left = Self.size
    }
}
