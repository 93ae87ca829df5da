@testable import ChatCore

/// What a client of `chat.v1` has of a room beyond its sockets, and what contradicts the protocol in what it
/// was told.
struct ClientView {
    private(set) var position: Position?
    /// Whether it may stand elsewhere when it is told again where: messages are lost to it.
    private var mayJump = false
    /// The messages that stand, by number.
    private var mids: [UInt64: MessageID] = [:]
    /// From which message on, in the order in which they were written, it is to hear all.
    private var mustHearFrom = 0
    /// What it has heard, in order, and how often it was told that it misses something.
    private(set) var heard: [MessageID] = []
    private(set) var losses = 0
    private(set) var recoveries = 0
    private(set) var violations: [String] = []

    /// Notes that it joins a room of which a number of messages have been written.
    mutating func joined(at new: Position, isRecovered: Bool?, written count: Int) {
        switch (position, isRecovered) {
        case (let position?, true?):
            recoveries += 1
            require(new.isSamePlace(as: position), "recovered at \(new), stood at \(position)")
        case (let position?, false?) where new.isSamePlace(as: position):
            // What is lost is told by a gap.
            losses += 1
        case (_?, false?):
            losses += 1
            mids = [:]
            mustHearFrom = count
        case (nil, nil): mustHearFrom = count
        case (_, _): require(false, "joined with \(String(describing: isRecovered))")
        }
        (position, mayJump) = (new, false)
    }

    mutating func gap(_ numbers: ClosedRange<UInt64>, written count: Int) {
        if let position {
            require(numbers.lowerBound == position.seq + 1, "gap \(numbers) at \(position)")
        }
        losses += 1
        mayJump = true
        mustHearFrom = count
    }

    mutating func reset(to base: Position) {
        guard let position else { return require(false, "reset before joined") }
        require(base.epoch >= position.epoch, "reset to an earlier epoch")
        require(base.seq <= position.seq || mayJump, "reset to \(base) at \(position)")
        mids = mids.filter { $0.key <= base.seq }
        if let mid = mids[base.seq], mid != base.mid { mids = [:] }
        (self.position, mayJump) = (base, false)
    }

    mutating func take(_ seq: UInt64, _ mid: MessageID) {
        guard let position else { return require(false, "a message before joined") }
        require(mayJump ? seq > position.seq : seq == position.seq + 1, "\(seq) at \(position)")
        require(!mids.values.contains(mid), "\(mid) twice, at \(seq)")
        mids[seq] = mid
        if mids.count > 64 { mids = mids.filter { $0.key + 48 > seq } }
        heard.append(mid)
        self.position = Position(epoch: position.epoch, seq: seq, mid: mid)
        mayJump = false
    }

    /// Compares older messages with those that it has.
    mutating func compare(_ items: [(UInt64, MessageID)]) {
        for (left, right) in zip(items, items.dropFirst()) {
            require(left.0 < right.0, "\(right.0) after \(left.0) in a page")
        }
        for (seq, mid) in items {
            if let own = mids[seq] { require(own == mid, "\(mid) at \(seq) in a page, has \(own)") }
        }
    }

    /// Returns a message before the last one heard that was not heard and is not known to be lost.
    func firstLacking(in order: [MessageID]) -> MessageID? {
        guard let last = heard.last.flatMap({ order.lastIndex(of: $0) }), mustHearFrom < last
        else { return nil }
        let had = Set(heard)
        return order[mustHearFrom...last].first { !had.contains($0) }
    }

    private mutating func require(_ holds: Bool, _ violation: String) {
        if !holds { violations.append(violation) }
    }
}
