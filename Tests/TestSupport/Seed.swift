import Foundation

/// Where random tests take their randomness from: a new seed each run, or the one of a failed run
/// in `CHATNODE_TEST_SEED`. Their failures print it.
public enum Seed {
    /// This run's.
    public static let value =
        ProcessInfo.processInfo.environment["CHATNODE_TEST_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: .min ... .max)

    /// What a person types to repeat this run.
    public static func command(_ filter: String, seed: UInt64 = value) -> String {
        "CHATNODE_TEST_SEED=\(seed) swift test --filter \(filter)"
    }

    /// A generator at the start of this run's numbers.
    public static var generator: SplitMix { SplitMix(seed: value) }
}

/// SplitMix64: every run can be repeated from its seed (Steele, Lea and Flood, 2014).
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    /// A generator at the start of a seed's numbers.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The next number below `bound`.
    public mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next() % UInt64(bound))
    }

    /// True once in so many times.
    public mutating func isOne(in times: Int) -> Bool { below(times) == 0 }
}
