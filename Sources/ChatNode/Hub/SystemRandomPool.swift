import Glibc

/// The system's random numbers, drawn many at a time: what a login needs of them would be three
/// system calls.
struct SystemRandomPool: RandomNumberGenerator {
    /// 256 bytes, the most that can be asked for at once (getentropy(3)).
    private static let size = 32

    private var numbers = [UInt64](repeating: 0, count: size)
    private var left = 0

    mutating func next() -> UInt64 {
        if left == 0 { fill() }
        left -= 1
        // Nobody who looks at this memory later learns what a session was given.
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
