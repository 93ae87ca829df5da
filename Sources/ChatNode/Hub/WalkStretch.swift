import ChatCore

/// One stretch of a walk: what it may cost before other work of the loop gets its turn, and what has
/// come of it.
struct WalkStretch {
    /// Reading the clock for every send would be felt; for every 64th it is not.
    private static let sendsPerLook = 64

    private(set) var hasRest = true
    private var sends = 0
    private let maxSends: Int
    private let end: Instant
    /// What has been handed out.
    var tally = SendTally()
    /// Members that have fallen off the backlog's end.
    var late: [Int32] = []

    init(now: Instant, maxSends: Int) {
        self.maxSends = maxSends
        end = now + Limits.walkTime
    }

    mutating func spend() {
        sends += 1
        if sends >= maxSends {
            hasRest = false
        } else if sends.isMultiple(of: Self.sendsPerLook), Clock.now >= end {
            hasRest = false
        }
    }
}
