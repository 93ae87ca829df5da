/// Messages of one room, framed for the wire once and sent to everybody: server frames are not
/// masked, so the bytes are the same for every recipient (RFC 6455 §5.1).
///
/// Immutable and shared by all loops; a copy costs two reference counts.
public struct Run: Sendable {
    /// Whole WebSocket frames, one behind the other.
    public let bytes: [UInt8]
    /// Where each frame ends in `bytes`.
    let ends: [Int]
    /// Where its last message stands; nil: it has no number.
    public let position: Position?

    /// How many frames there are.
    public var count: Int { ends.count }

    init(bytes: [UInt8], ends: [Int], position: Position? = nil) {
        self.bytes = bytes
        self.ends = ends
        self.position = position
    }

    /// Frames what a broker delivered.
    ///
    /// Cost: one allocation for the bytes and one for their ends.
    public init(framing publication: Publication) {
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
        self.init(bytes: bytes, ends: lengths, position: publication.end)
    }

    /// Frames one message as it is: published by hand, without a number.
    public init(framing body: [UInt8]) {
        var bytes = [UInt8]()
        bytes.reserveCapacity(FrameHeader.byteCount(length: body.count, masked: false) + body.count)
        FrameHeader.append(.text, length: body.count, to: &bytes)
        bytes += body
        self.init(bytes: bytes, ends: [bytes.count])
    }

    /// Where frame `index` begins in `bytes`; for `index == count`, where the run ends.
    public func start(of index: Int) -> Int {
        index == 0 ? 0 : ends[index - 1]
    }

    /// The frame that the byte at `offset` belongs to.
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
