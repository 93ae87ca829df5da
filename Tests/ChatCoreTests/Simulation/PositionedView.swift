@testable import ChatCore

/// What a client of one node that knows positions has of a room, and what contradicts the protocol in what
/// it was told.
struct PositionedView {
    private var position: Position?
    /// Whether messages are missing before the next one.
    private var mayJump = false
    /// The messages that stand, by number.
    private var mids: [UInt64: MessageID] = [:]
    /// What contradicts the protocol.
    private(set) var violations: [String] = []

    mutating func opened(at new: Position) {
        defer { (position, mayJump) = (new, false) }
        guard let position, !mayJump else { return }
        require(position == new, "opened at \(new), stood at \(position)")
    }

    /// Notes that the room is not heard any more: a client that comes later begins anew.
    mutating func closed() {
        (position, mids, mayJump) = (nil, [:], false)
    }

    mutating func reset(to base: Position) {
        if let position {
            require(base.epoch >= position.epoch, "reset to an earlier epoch")
            require(base.seq <= position.seq || mayJump, "reset to \(base) at \(position)")
        }
        mids = mids.filter { $0.key <= base.seq }
        if let mid = mids[base.seq], mid != base.mid {
            require(mayJump || base.mid.isBirth, "reset to \(base), and has another message there")
            // It cannot be found out how far back the histories differ.
            mids = [:]
        }
        (position, mayJump) = (base, false)
    }

    mutating func missed() { mayJump = true }

    mutating func take(_ publication: Publication) {
        if let position, !mayJump {
            let follows =
                publication.firstSeq == position.seq + 1 && publication.prev == position.mid
            require(follows, "\(publication.firstSeq) at \(position)")
        }
        for (index, item) in publication.items.enumerated() {
            let seq = publication.firstSeq + UInt64(index)
            require(mids[seq] == nil, "a second message at \(seq)")
            mids[seq] = item.mid
        }
        position = publication.end?.inEpoch(atLeast: position?.epoch ?? 0)
        mayJump = false
    }

    /// Compares with what is kept of the room. What was put back by hand does not count: the rest of the log
    /// does not follow it.
    mutating func compare(with log: [Publication]) {
        let isBreak = zip(log, log.dropFirst()).map { pair in
            pair.0.end.map { !pair.1.follows($0) } ?? true
        }
        for publication in log[(isBreak.lastIndex(of: true).map { $0 + 1 } ?? 0)...] {
            for (index, item) in publication.items.enumerated() {
                let seq = publication.firstSeq + UInt64(index)
                guard let own = mids[seq] else { continue }
                require(own == item.mid, "\(own) at \(seq), where the room has \(item.mid)")
            }
        }
    }

    private mutating func require(_ holds: Bool, _ violation: String) {
        if !holds { violations.append(violation) }
    }
}
