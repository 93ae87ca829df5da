import ChatCore

/// What one node's clients have been told of a room.
struct HeardRoom {
    /// A message; or, without an id, that the room was opened after it had been closed.
    private(set) var messages: [(seq: UInt64, mid: MessageID)?] = []
    private(set) var misses = 0
    /// The messages that clients have been told twice. A loss closes the node's clients before anything
    /// else is delivered: then the node may deliver what it has forgotten, and no client hears it twice.
    private(set) var doubles: [MessageID] = []
    /// What the clients that are not closed may have been told.
    private var told: Set<MessageID> = []
    /// From which message on, in the order in which they were written, this node's clients are to hear
    /// all; nil: the room is closed.
    private(set) var mustHearFrom: Int?

    /// Notes that the room was opened after a number of messages had been written.
    mutating func opened(_ count: Int) {
        if mustHearFrom == nil, !messages.isEmpty { messages.append(nil) }
        mustHearFrom = min(mustHearFrom ?? .max, count)
    }

    /// Notes that messages are missing. The clients are closed; those that come then hear what is
    /// written from now on.
    mutating func missed(_ count: Int) {
        misses += 1
        told = []
        mustHearFrom = count
    }

    mutating func take(_ publication: Publication) {
        for (index, item) in publication.items.enumerated() {
            messages.append((publication.firstSeq + UInt64(index), item.mid))
            if !told.insert(item.mid).inserted {
                doubles.append(item.mid)
            }
        }
    }

    /// Notes that the room was closed. Returns a message before the last one heard that was not heard.
    mutating func closed(_ order: [MessageID]) -> MessageID? {
        let last = messages.last.flatMap { $0?.mid }.flatMap { order.lastIndex(of: $0) }
        let lacking = last.flatMap { firstLacking(in: order.prefix($0)) }
        mustHearFrom = nil
        told = []
        return lacking
    }

    /// Returns a message of those to be heard that was not heard; nil: all were.
    func firstLacking(in order: ArraySlice<MessageID>) -> MessageID? {
        guard let mustHearFrom, mustHearFrom < order.endIndex else { return nil }
        let had = Set(messages.lazy.compactMap { $0?.mid })
        return order[mustHearFrom...].first { !had.contains($0) }
    }
}
