import ChatCore
import ChatSupport

extension Traffic {
    /// The numbers of messages that a group's senders have sent, and that its recipients have received.
    struct Counts: Sendable {
        /// The number of messages by sender, for this group's senders.
        var sent: [UInt32]
        /// Messages that were to leave within the window.
        var sentMeasured = 0
        /// Those of them, of this group's senders, that the last recipient has.
        var completeMeasured = 0
        var complete = 0
        /// Receipts of messages of the window, and of all messages.
        var deliveriesMeasured = 0
        var deliveries = 0
        /// Messages of other programs' clients, or of clients that are not measured.
        var foreign = 0
        /// Messages of this group's senders that were acknowledged.
        var acked = 0
        /// Answers `ack` about no message, about one that was acknowledged before, or before an earlier
        /// one's.
        var undueAcks = 0
        /// From the intended time to each receipt, to the last one, and to the `ack`.
        var latency = Latency()
        var toLast = Latency()
        var ackLatency = Latency()
        /// From the intended time to when the message really left.
        var lateness = Latency()
        /// Answers `error`, and names lost, by code.
        var refused: Reasons = [:]
    }
}

extension Traffic.Counts {
    static func + (left: Self, right: Self) -> Self {
        var sum = left
        for sender in sum.sent.indices { sum.sent[sender] += right.sent[sender] }
        sum.sentMeasured += right.sentMeasured
        sum.completeMeasured += right.completeMeasured
        sum.complete += right.complete
        sum.deliveriesMeasured += right.deliveriesMeasured
        sum.deliveries += right.deliveries
        sum.foreign += right.foreign
        sum.acked += right.acked
        sum.undueAcks += right.undueAcks
        sum.latency.add(right.latency)
        sum.toLast.add(right.toLast)
        sum.ackLatency.add(right.ackLatency)
        sum.lateness.add(right.lateness)
        sum.refused.merge(right.refused, uniquingKeysWith: +)
        return sum
    }
}

/// The notes that a recipient takes of each message that it receives.
struct Books {
    var ledger: Ledger
    var deliveries: DeliveryTracker
    var counts: Traffic.Counts

    /// Notes a receipt. Returns true if the last of the group's recipients of the room has the message
    /// now.
    mutating func hear(
        _ heard: StampCodec.Heard,
        at place: Int,
        now: Instant,
        _ senders: Int,
        _ window: Traffic.Window
    ) -> Bool {
        let stamp = heard.stamp
        guard stamp.sender < senders else {
            counts.foreign += 1
            if let seq = heard.seq { ledger.place(seq, at: place) }
            return false
        }
        guard ledger.hear(heard, at: place) else { return false }
        counts.deliveries += 1
        if window.measures(stamp.intended) {
            counts.deliveriesMeasured += 1
            counts.latency.record(nanoseconds: now.nanoseconds &- stamp.intended.nanoseconds)
        }
        return deliveries.hear(sender: Int(stamp.sender), number: stamp.number)
    }
}
