import Foundation

/// Where the random tests of this folder take their randomness from: a new seed each run, or the
/// one of a failed run in `CHATNODE_TEST_SEED`.
enum WebSocketSeed {
    static let value =
        ProcessInfo.processInfo.environment["CHATNODE_TEST_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: .min ... .max)

    static var generator: WebSocketRandom { WebSocketRandom(state: value) }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct WebSocketRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next() % UInt64(bound))
    }
}
