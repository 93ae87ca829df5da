/// Messages of one room, framed for the wire once and sent to all its clients: server frames are
/// not masked, so the bytes are the same for every recipient (RFC 6455 §5.1).
///
/// Immutable and shared by all loops; a copy costs two reference counts.
public struct FramedBatch: Sendable {
    /// The bytes of whole WebSocket frames, one after the other.
    public let bytes: [UInt8]
    /// The offset in `bytes` at which each frame ends.
    let ends: [Int]
    /// The position of the last message; nil if it has no number.
    public let position: Position?
    /// The id of the message before the first one; nil if the messages have no numbers.
    let prev: MessageID?
    /// Whether the messages were delivered before, under numbers that a reset has voided: only clients
    /// that know positions are sent them once more.
    public let isRepeated: Bool
    /// Whether only clients that know rooms are sent the frames: those of repeated messages, of entries that
    /// are no `chat`, and of changes of the room's history.
    let isWithheld: Bool
    /// When the broker took the messages, in milliseconds since 1970; 0: it is not known.
    var ms: Int64

    /// The number of frames.
    public var count: Int { ends.count }

    init(
        bytes: [UInt8],
        ends: [Int],
        position: Position? = nil,
        prev: MessageID? = nil,
        isRepeated: Bool = false,
        isWithheld: Bool = false,
        ms: Int64 = 0
    ) {
        self.bytes = bytes
        self.ends = ends
        self.position = position
        self.prev = prev
        self.isRepeated = isRepeated
        self.isWithheld = isWithheld
        self.ms = ms
    }

    /// Frames messages that a broker delivered, all of one kind (`Publication.forEachBatch`).
    ///
    /// Cost: one allocation for the bytes and one for their ends.
    public init(framing publication: Publication, isRepeated: Bool = false) {
        var lengths = [Int]()
        lengths.reserveCapacity(publication.items.count)
        var total = 0
        for (index, item) in publication.items.enumerated() {
            let length = publication.length(of: item, at: index)
            lengths.append(length)
            total += FrameHeader.byteCount(length: length, masked: false) + length
        }
        let bytes = [UInt8](capacity: total) { out in
            for (index, item) in publication.items.enumerated() {
                FrameHeader.append(.text, length: lengths[index], to: &out)
                publication.append(item, at: index, to: &out)
                lengths[index] = out.count
            }
        }
        self.init(
            bytes: bytes,
            ends: lengths,
            position: publication.end,
            prev: publication.prev,
            isRepeated: isRepeated,
            isWithheld: isRepeated || publication.items.first?.isChat == false,
            ms: publication.ms
        )
    }

    /// Frames one text that has no number: a message of an external program, or a change of the room's
    /// history.
    public init(framing body: [UInt8]) {
        var bytes = [UInt8]()
        bytes.reserveCapacity(FrameHeader.byteCount(length: body.count, masked: false) + body.count)
        FrameHeader.append(.text, length: body.count, to: &bytes)
        bytes += body
        self.init(bytes: bytes, ends: [bytes.count])
    }

    /// Returns the offset in `bytes` at which frame `index` begins; for `index == count`, the end
    /// of the batch.
    public func start(of index: Int) -> Int {
        index == 0 ? 0 : ends[index - 1]
    }

    /// Returns the text in a frame.
    func text(of index: Int) -> ArraySlice<UInt8> {
        let frame = bytes[start(of: index)..<ends[index]]
        // The second byte is the length, or says in how many of the next bytes it is (RFC 6455 §5.2).
        let header =
            switch frame[frame.startIndex + 1] {
            case ...125: 2
            case 126: 4
            default: 10
            }
        return frame.dropFirst(header)
    }

    /// Returns the index of the frame that contains the byte at `offset`.
    ///
    /// Cost: a binary search.
    public func frame(containing offset: Int) -> Int {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension FramedBatch {
    /// Whether the messages come next after a position. Those without numbers always do.
    public func follows(_ position: Position) -> Bool {
        guard let prev, let firstSeq else { return true }
        return firstSeq == position.seq + 1 && prev == position.mid
    }

    /// The number of the first message; nil if the messages have no numbers.
    var firstSeq: UInt64? { position.map { $0.seq - UInt64(count - 1) } }

    /// Returns the position of a message; nil if the messages have no numbers.
    ///
    /// Its id is read from the end of its frame, where `ChatFrame` has put it: to keep the ids would cost
    /// every message 16 bytes, and few are ever asked for.
    func position(of frame: Int) -> Position? {
        guard let position, frame < count else { return nil }
        guard frame < count - 1 else { return position }
        let text = bytes[start(of: frame)..<ends[frame]]
        let quote = UInt8(ascii: "\"")
        // The frame ends in `"}`.
        guard let start = text.dropLast(2).lastIndex(of: quote),
            let mid = MessageID(text[(start + 1)..<(text.endIndex - 2)].span.bytes)
        else { preconditionFailure("the frame of a numbered message ends with its id") }
        return Position(
            epoch: position.epoch,
            seq: position.seq - UInt64(count - 1 - frame),
            mid: mid
        )
    }

    /// Returns the position before a message; nil if the messages have no numbers.
    public func position(before frame: Int) -> Position? {
        guard frame == 0 else { return position(of: frame - 1) }
        guard let position, let prev, let firstSeq else { return nil }
        return Position(epoch: position.epoch, seq: firstSeq - 1, mid: prev)
    }
}
