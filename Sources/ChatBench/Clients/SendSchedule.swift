import ChatCore

/// When each message of an open loop is to leave: at even intervals, whatever became of those
/// before.
///
/// The messages of all senders together are numbered; sender `s` of `n` sends `s`, `s + n`, … This
/// is one group's part of them, in order.
struct SendSchedule: Sendable {
    private let start: Instant
    private let perSecond: Double
    private let total: Int
    private let lanes: [Int]
    private var round = 0
    private var place = 0

    /// `lanes` are the senders of this group out of `total`, ascending.
    init(start: Instant, perSecond: Double, lanes: [Int], of total: Int) {
        self.start = start
        self.perSecond = perSecond
        self.lanes = lanes
        self.total = total
    }

    /// When the next message is to leave; nil if the group has no sender.
    var next: Instant? {
        guard !lanes.isEmpty else { return nil }
        // Computed from the start each time, so that rounding does not add up.
        return time(round * total + lanes[place])
    }

    private func time(_ index: Int) -> Instant {
        start + .nanoseconds(Int64(Double(index) * 1e9 / perSecond))
    }

    /// Returns how many messages of all senders together are to leave before a time.
    func count(before end: Instant) -> Int {
        guard end > start else { return 0 }
        // Rounding may have put a time on either side of the end.
        var count = Int((end - start) / .seconds(1) * perSecond)
        while count > 0, time(count - 1) >= end { count -= 1 }
        while time(count) < end { count += 1 }
        return count
    }

    /// Takes the next message if it is due: which of the group's senders sends it, and when it was
    /// to leave.
    mutating func take(dueAt now: Instant) -> (lane: Int, intended: Instant)? {
        guard let next, next <= now else { return nil }
        defer {
            place += 1
            if place == lanes.count { (place, round) = (0, round + 1) }
        }
        return (place, next)
    }
}
