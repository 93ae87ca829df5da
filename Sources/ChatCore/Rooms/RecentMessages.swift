/// The numbers and ids of a room's newest messages. With them a node finds its place in a history
/// that differs from its own, and does not deliver a message twice.
struct RecentMessages: Sendable {
    private var marks: [MessagePlace] = []
    /// The index of the oldest, once the most that are kept are there.
    private var head = 0

    mutating func add(_ mark: MessagePlace) {
        if marks.count < Limits.recentMessages {
            marks.append(mark)
        } else {
            marks[head] = mark
            head = (head + 1) % marks.count
        }
    }

    /// Whether more messages may have been delivered than are remembered.
    var hasForgotten: Bool { marks.count == Limits.recentMessages }

    /// Some of them, newest first, each twice as far back as the one before: enough to find the
    /// place in a few steps.
    ///
    /// The newest of all is left out: it is the position.
    var milestones: [MessagePlace] {
        var found: [MessagePlace] = []
        var back = 1
        while back < marks.count {
            found.append(mark(back: back))
            back *= 2
        }
        if marks.count > 1, found.last != mark(back: marks.count - 1) {
            found.append(mark(back: marks.count - 1))
        }
        return found
    }

    /// The ids of all of them.
    var mids: Set<MessageID> { Set(marks.map(\.mid)) }

    /// The ids of those with a number higher than this one.
    func mids(after seq: UInt64) -> Set<MessageID> {
        Set(marks.lazy.filter { $0.seq > seq }.map(\.mid))
    }

    /// Whether this message was delivered with this number.
    ///
    /// Cost: one comparison if the numbers are consecutive, otherwise one for each message.
    func holds(_ mid: MessageID, at seq: UInt64) -> Bool {
        guard let newest = marks.isEmpty ? nil : mark(back: 0) else { return false }
        if newest.seq >= seq, newest.seq - seq < UInt64(marks.count) {
            let expected = mark(back: Int(newest.seq - seq))
            if expected.seq == seq, expected.mid == mid { return true }
        }
        return marks.contains { $0.seq == seq && $0.mid == mid }
    }

    /// Whether this message was delivered, with any number.
    ///
    /// Cost: a comparison for each message.
    func holds(_ mid: MessageID) -> Bool {
        marks.contains { $0.mid == mid }
    }

    /// Raises the numbers in a table to the highest ones of each producer, among the newest `count`
    /// messages.
    func note(newest count: Int, in highest: inout [ProducerID: UInt64]) {
        for back in 0..<min(count, marks.count) {
            let mid = mark(back: back).mid
            highest[mid.producer] = max(highest[mid.producer] ?? 0, mid.n)
        }
    }

    private func mark(back: Int) -> MessagePlace {
        marks[(head + marks.count - 1 - back) % marks.count]
    }
}
