import Foundation

/// The seed of random tests: a new one each run, or that of a failed run in `CHATNODE_TEST_SEED`.
/// Their failures print it.
public enum Seed {
    /// The seed of this run.
    public static let value =
        ProcessInfo.processInfo.environment["CHATNODE_TEST_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: .min ... .max)

    /// Returns the command that repeats this run.
    public static func command(_ filter: String, seed: UInt64 = value) -> String {
        "CHATNODE_TEST_SEED=\(seed) swift test --filter \(filter)"
    }

    /// A generator that begins at this run's seed.
    public static var generator: SplitMix { SplitMix(seed: value) }
}

/// SplitMix64: every run can be repeated from its seed (Steele, Lea and Flood, 2014).
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    /// Makes a generator that begins at a seed.
    public init(seed: UInt64) {
        state = seed
    }

    /// Returns the next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Returns the next number below `bound`.
    public mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next() % UInt64(bound))
    }

    /// Returns true once in `times` calls on average.
    public mutating func isOne(in times: Int) -> Bool { below(times) == 0 }
}
