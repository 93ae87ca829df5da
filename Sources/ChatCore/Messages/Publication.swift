/// Consecutive messages of one room, as a broker delivers them and a log keeps them: in the room's
/// order, without a gap.
public struct Publication: Sendable, Hashable {
    /// One message.
    public struct Item: Sendable, Hashable {
        /// The message's permanent id.
        public let mid: MessageID
        /// The bytes of `Draft.body`: a slice of the bytes that came from the broker, which all
        /// items share.
        public let body: ArraySlice<UInt8>

        /// Makes a message whose bytes are shared.
        public init(mid: MessageID, body: ArraySlice<UInt8>) {
            self.mid = mid
            self.body = body
        }

        /// Makes a message with bytes of its own.
        public init(mid: MessageID, body: [UInt8]) {
            self.init(mid: mid, body: body[...])
        }

        /// The number of bytes of the message as `PublicationCodec` writes it.
        var payloadByteCount: Int { PublicationCodec.length(of: body.count, as: mid) }
    }

    /// The room of the messages.
    public let room: RoomName
    /// The epoch in which the numbers were given.
    public let epoch: UInt64
    /// The number of the first message; the others follow.
    public let firstSeq: UInt64
    /// The id of the message before the first one, or the room's birth. A number may be given
    /// twice, after data was lost or changed externally; the chain of ids shows that.
    public let prev: MessageID
    /// The time at which the messages got their numbers, in milliseconds since 1970.
    public let ms: Int64
    /// The messages.
    public let items: [Item]

    /// Makes a publication.
    public init(
        room: RoomName,
        epoch: UInt64,
        firstSeq: UInt64,
        prev: MessageID,
        ms: Int64,
        items: [Item]
    ) {
        self.room = room
        self.epoch = epoch
        self.firstSeq = firstSeq
        self.prev = prev
        self.ms = ms
        self.items = items
    }

    /// The number of the last message.
    public var lastSeq: UInt64 { firstSeq + UInt64(items.count) - 1 }

    /// The position of the last message; nil if there are no messages.
    public var end: Position? {
        guard let last = items.last else { return nil }
        return Position(epoch: epoch, seq: lastSeq, mid: last.mid)
    }
}

extension Publication {
    /// Whether the first message comes next after a position: its number does, and it names the message there.
    func follows(_ position: Position) -> Bool {
        firstSeq == position.seq + 1 && prev == position.mid
    }

    /// The number of bytes of all messages, as they travel and are logged.
    var byteCount: Int { items.reduce(0) { $0 + $1.payloadByteCount } }

    /// Returns the messages whose number is at least `seq`.
    public func from(_ seq: UInt64) -> Publication {
        guard seq > firstSeq else { return self }
        return piece(Int(seq - firstSeq)..<items.count)
    }

    /// Returns the messages whose number is at most `seq`.
    func upTo(_ seq: UInt64) -> Publication {
        guard seq < lastSeq else { return self }
        return piece(0..<Int(seq - firstSeq) + 1)
    }

    func piece(_ range: Range<Int>) -> Publication {
        Publication(
            room: room,
            epoch: epoch,
            firstSeq: firstSeq + UInt64(range.lowerBound),
            prev: range.lowerBound > 0 ? items[range.lowerBound - 1].mid : prev,
            ms: ms,
            items: Array(items[range])
        )
    }

    /// Returns the publication with other bodies, where `body` returns one.
    func withBodies(_ body: (_ seq: UInt64, Item) -> [UInt8]?) -> Publication {
        let changed = items.enumerated().map { index, item in
            body(firstSeq + UInt64(index), item).map { Item(mid: item.mid, body: $0) } ?? item
        }
        return Publication(
            room: room,
            epoch: epoch,
            firstSeq: firstSeq,
            prev: prev,
            ms: ms,
            items: changed
        )
    }

    /// Returns the messages in their order, apart by whether their ids are in `had`.
    func parts(_ had: Set<MessageID>) -> [(part: Publication, isHad: Bool)] {
        var parts: [(part: Publication, isHad: Bool)] = []
        var start = 0
        while start < items.count {
            let isHad = had.contains(items[start].mid)
            let end = items[start...].firstIndex { had.contains($0.mid) != isHad } ?? items.count
            parts.append((piece(start..<end), isHad))
            start = end
        }
        return parts
    }
}

extension Publication {
    /// Returns the number of bytes of an item's `chat`, as all clients of the room receive it.
    func length(of item: Item, at index: Int) -> Int {
        ChatFrame.length(
            body: item.body.span.bytes,
            seq: firstSeq + UInt64(index),
            timestampMs: ms,
            mid: item.mid
        )
    }

    /// Appends an item's `chat`.
    func append(_ item: Item, at index: Int, to out: inout OutputSpan<UInt8>) {
        ChatFrame.append(
            body: item.body.span.bytes,
            seq: firstSeq + UInt64(index),
            timestampMs: ms,
            mid: item.mid,
            to: &out
        )
    }
}
