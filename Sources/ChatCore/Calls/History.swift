/// A request for what a room's log keeps up to a message.
public struct HistoryCall: Sendable, Hashable {
    /// The room.
    public let room: RoomName
    /// The number of the message with which the answer is to end.
    public let upTo: UInt64
    /// The number of messages at which an answer is full; the entry that reaches it is the oldest one.
    public let limit: Int

    /// Makes a request about a room.
    public init(room: RoomName, upTo: UInt64, limit: Int) {
        self.room = room
        self.upTo = upTo
        self.limit = limit
    }
}

/// A piece of a room's log that ends with a certain message. A caller compares that message's id with the
/// one that it expects: the room may have another history by now.
public struct HistoryPage: Sendable, Hashable {
    /// The entries in the room's order; each follows the one before. Empty: the message is not kept.
    public let entries: [Publication]
    /// Whether more is kept before the first one.
    public let hasMore: Bool

    /// Makes a page of entries that were read newest first, of which the first may go on after the number
    /// with which the page is to end. Nothing before a hole is in the page, nor is an entry whose numbers
    /// were given once more.
    public init(newestFirst read: [Publication], upTo seq: UInt64, hasMore: Bool) {
        var entries: [Publication] = []
        for entry in read {
            if let next = entries.last {
                guard let end = entry.end, end.seq + 1 == next.firstSeq, end.mid == next.prev else {
                    self.entries = entries.reversed()
                    self.hasMore = false
                    return
                }
                entries.append(entry)
            } else if entry.firstSeq <= seq, entry.lastSeq >= seq {
                entries.append(entry.upTo(seq))
            } else {
                break
            }
        }
        self.entries = entries.reversed()
        self.hasMore = hasMore && !entries.isEmpty
    }
}
