import ChatCore
import Foundation

/// Keeps a digest of everything that happens in a simulated run, one for each simulated second, so
/// that two runs can be compared, and the second be found in which they part.
///
/// Each digest counts everything before it: two runs are equal where their last digests are.
final class Trace {
    /// By second; the last is the whole run's.
    private(set) var digests: [UInt64] = []
    private var second: Int64 = 0
    private var hash = Trace.offsetBasis

    /// Whether all that happens is printed, too: to look for the cause of a failure.
    static let isPrinted = ProcessInfo.processInfo.environment["CHATNODE_TRACE"] != nil
    /// Adds something that has happened.
    func add(_ what: String, at now: Instant) {
        let current = now.nanoseconds / 1_000_000_000
        while second < current {
            digests.append(hash)
            second += 1
        }
        for byte in "\(now.nanoseconds) \(what)\n".utf8 {
            hash = (hash ^ UInt64(byte)) &* Trace.prime
        }
    }

    /// The run is over.
    func end() { digests.append(hash) }

    // FNV-1a with 64 bits: not salted, as Swift's own hashes are.
    private static let offsetBasis: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01B3
}
