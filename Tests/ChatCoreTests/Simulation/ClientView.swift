@testable import ChatCore

/// What a client of `chat.v1` has of a room beyond its sockets, and what contradicts the protocol in what it
/// was told.
struct ClientView {
    private(set) var position: Position?
    /// The last of the messages that are lost to it after its position; nil: none is.
    private var lostUpTo: UInt64?
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
        (position, lostUpTo) = (new, nil)
    }

    mutating func gap(_ numbers: ClosedRange<UInt64>, written count: Int) {
        // A client that reads too slowly may be told again of what is lost after its position.
        let isRepeated =
            numbers.lowerBound == position.map { $0.seq + 1 }
            && numbers.upperBound >= lostUpTo ?? 0
        require(numbers.lowerBound == next || isRepeated, "gap \(numbers) where \(next) is next")
        losses += 1
        lostUpTo = numbers.upperBound
        mustHearFrom = count
    }

    mutating func reset(to base: Position) {
        guard let position else { return require(false, "reset before joined") }
        require(base.epoch >= position.epoch, "reset to an earlier epoch")
        require(base.seq < next, "reset to \(base) where \(next) is next")
        mids = mids.filter { $0.key <= base.seq }
        if let mid = mids[base.seq], mid != base.mid { mids = [:] }
        (self.position, lostUpTo) = (base, nil)
    }

    mutating func take(_ seq: UInt64, _ mid: MessageID) {
        guard let position else { return require(false, "a message before joined") }
        require(seq == next, "\(seq) where \(next) is next")
        require(!mids.values.contains(mid), "\(mid) twice, at \(seq)")
        mids[seq] = mid
        if mids.count > 64 { mids = mids.filter { $0.key + 48 > seq } }
        heard.append(mid)
        self.position = Position(epoch: position.epoch, seq: seq, mid: mid)
        lostUpTo = nil
    }

    /// Takes another position than the protocol says.
    mutating func move(to position: Position) { (self.position, lostUpTo) = (position, nil) }

    /// The number of the message that comes next.
    private var next: UInt64 { (lostUpTo ?? position?.seq ?? 0) + 1 }

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
