import ChatCore
import ChatSupport

/// What a broadcast may cost before the loop does its other work, and what the broadcast has done
/// so far.
struct BroadcastBudget {
    /// The number of sends between two readings of the clock: reading it for every send would cost
    /// noticeably, for every 64th it does not.
    private static let sendsPerLook = 64

    private(set) var hasRest = true
    private var sends = 0
    private let maxSends: Int
    private let end: Instant
    /// The messages and bytes that were sent.
    var tally = SendTally()
    /// The slots of members that lack messages which the backlog no longer holds.
    var late: [Int32] = []

    /// Those of them that know positions, and their tables: they are parked, and go on.
    var parked: [(slot: Int32, table: MemberTable)] = []

    init(now: Instant, maxSends: Int) {
        self.maxSends = maxSends
        end = now + Limits.broadcastTime
    }

    mutating func countSend() {
        sends += 1
        if sends >= maxSends {
            hasRest = false
        } else if sends.isMultiple(of: Self.sendsPerLook), Clock.now >= end {
            hasRest = false
        }
    }
}
