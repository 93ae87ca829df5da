/// The newest messages of a room by number and name: how a node finds its place in a history that
/// is not quite its own, and does not deliver twice what it has delivered.
struct Remembered: Sendable {
    private var marks: [CatchUpCall.Mark] = []
    /// Where the oldest stands, once there are as many as are kept.
    private var head = 0

    mutating func add(_ mark: CatchUpCall.Mark) {
        if marks.count < Limits.rememberedMessages {
            marks.append(mark)
        } else {
            marks[head] = mark
            head = (head + 1) % marks.count
        }
    }

    /// More messages have been delivered than are remembered.
    var hasForgotten: Bool { marks.count == Limits.rememberedMessages }

    /// Some of them, newest first, each twice as far back as the one before: enough to find the
    /// place in a few steps.
    ///
    /// The newest of all is left out: it is the position.
    var milestones: [CatchUpCall.Mark] {
        var found: [CatchUpCall.Mark] = []
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

    /// All their names.
    var mids: Set<MessageID> { Set(marks.map(\.mid)) }

    /// Whether this message was delivered as this number.
    ///
    /// Cost: one look where the numbers follow one another, else a look at each message.
    func holds(_ mid: MessageID, at seq: UInt64) -> Bool {
        guard let newest = marks.isEmpty ? nil : mark(back: 0) else { return false }
        if newest.seq >= seq, newest.seq - seq < UInt64(marks.count) {
            let expected = mark(back: Int(newest.seq - seq))
            if expected.seq == seq, expected.mid == mid { return true }
        }
        return marks.contains { $0.seq == seq && $0.mid == mid }
    }

    /// Whether this message was delivered, under whatever number.
    ///
    /// Cost: a look at each message.
    func holds(_ mid: MessageID) -> Bool {
        marks.contains { $0.mid == mid }
    }

    /// The highest number by lineage.
    var highest: [Lineage: UInt64] {
        marks.reduce(into: [:]) { highest, mark in
            highest[mark.mid.lineage] = max(highest[mark.mid.lineage] ?? 0, mark.mid.n)
        }
    }

    private func mark(back: Int) -> CatchUpCall.Mark {
        marks[(head + marks.count - 1 - back) % marks.count]
    }
}
