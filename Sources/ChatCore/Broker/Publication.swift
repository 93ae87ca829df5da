/// Messages of one room as a broker delivers them, in the room's order, without a hole.
public struct Publication: Sendable, Hashable {
    /// One message.
    public struct Item: Sendable, Hashable {
        /// What names it for good.
        public let mid: MessageID
        /// As in `Draft.body`.
        public let body: [UInt8]

        /// A message under its name.
        public init(mid: MessageID, body: [UInt8]) {
            self.mid = mid
            self.body = body
        }
    }

    /// Where they belong.
    public let room: RoomName
    /// The reign the numbers were given in.
    public let epoch: UInt64
    /// The first one's number; the others follow.
    public let firstSeq: UInt64
    /// When they got their numbers, in milliseconds since 1970.
    public let ms: Int64
    /// The messages.
    public let items: [Item]

    /// Messages with their place in a room's order.
    public init(room: RoomName, epoch: UInt64, firstSeq: UInt64, ms: Int64, items: [Item]) {
        self.room = room
        self.epoch = epoch
        self.firstSeq = firstSeq
        self.ms = ms
        self.items = items
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
    func append(_ item: Item, at index: Int, to bytes: inout [UInt8]) {
        ChatFrame.append(
            body: item.body.span.bytes,
            seq: firstSeq + UInt64(index),
            timestampMs: ms,
            mid: item.mid,
            to: &bytes
        )
    }
}
