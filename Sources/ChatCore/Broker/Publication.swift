/// Messages of one room as a broker delivers them and a log keeps them: in the room's order, without
/// a hole.
public struct Publication: Sendable, Hashable {
    /// One message.
    public struct Item: Sendable, Hashable {
        /// What names it for good.
        public let mid: MessageID
        /// As in `Draft.body`: a piece of what came from the broker, which all items share.
        public let body: ArraySlice<UInt8>

        /// A message under its name.
        public init(mid: MessageID, body: ArraySlice<UInt8>) {
            self.mid = mid
            self.body = body
        }

        /// A message with bytes of its own.
        public init(mid: MessageID, body: [UInt8]) {
            self.init(mid: mid, body: body[...])
        }

        /// Bytes of it in a `BusPayload`.
        var payloadByteCount: Int { BusPayload.length(of: body.count, as: mid) }
    }

    /// Where they belong.
    public let room: RoomName
    /// The reign the numbers were given in.
    public let epoch: UInt64
    /// The first one's number; the others follow.
    public let firstSeq: UInt64
    /// The message before the first one, or the room's birth: what these messages follow. A number
    /// may be given twice, after data was lost or changed by hand; a chain of ids tells.
    public let prev: MessageID
    /// When they got their numbers, in milliseconds since 1970.
    public let ms: Int64
    /// The messages.
    public let items: [Item]

    /// Messages with their place in a room's order.
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

    /// The last one's number.
    public var lastSeq: UInt64 { firstSeq + UInt64(items.count) - 1 }

    /// Where the last one stands; nil: there is none.
    public var end: Position? {
        guard let last = items.last else { return nil }
        return Position(epoch: epoch, seq: lastSeq, mid: last.mid)
    }
}

extension Publication {
    /// Bytes of all its messages, as they travel and are logged.
    var byteCount: Int { items.reduce(0) { $0 + $1.payloadByteCount } }

    /// What of it has at least that number.
    public func from(_ seq: UInt64) -> Publication {
        guard seq > firstSeq else { return self }
        return piece(Int(seq - firstSeq)..<items.count)
    }

    private func piece(_ range: Range<Int>) -> Publication {
        Publication(
            room: room,
            epoch: epoch,
            firstSeq: firstSeq + UInt64(range.lowerBound),
            prev: range.lowerBound > 0 ? items[range.lowerBound - 1].mid : prev,
            ms: ms,
            items: Array(items[range])
        )
    }

    /// What is left of it without some messages, in pieces that have no holes.
    func without(_ had: Set<MessageID>) -> [Publication] {
        guard items.contains(where: { had.contains($0.mid) }) else { return [self] }
        var pieces: [Publication] = []
        var start = 0
        for end in 0...items.count where end == items.count || had.contains(items[end].mid) {
            if start < end { pieces.append(piece(start..<end)) }
            start = end + 1
        }
        return pieces
    }
}

extension Publication {
    /// Bytes of an item's `chat`, as all clients of the room get it.
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
