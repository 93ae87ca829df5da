/// Something published on a room's channel, distinguished by its first byte.
///
/// Every process that can publish there is trusted. But a malformed publication is refused as a
/// whole, because all nodes have to read the same from it.
public enum PublicationCodec: Sendable, Hashable {
    /// Numbered messages, as `publish` sends them.
    case messages(Publication)
    /// A `chat` published by an external program: not numbered, not kept. `body` is as in `Draft`.
    case external(body: [UInt8])
    /// A change of who is present in the room.
    case presence(PresenceChange)
    /// A user writes in the room.
    case typing(String)
    /// A malformed publication, which is counted and ignored.
    case malformed(reason: String)

    /// Reads a publication that arrived on a room's channel.
    ///
    /// Cost: one pass and one allocation; the messages are slices of `bytes`. Fails: never; a
    /// publication that cannot be read is `malformed`.
    public static func parse(_ bytes: [UInt8], room: RoomName) -> PublicationCodec {
        guard let first = bytes.first else { return .malformed(reason: "nothing in it") }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return numbered(bytes, room)
        case UInt8(ascii: "{"): return chat(bytes.span.bytes, room)
        case UInt8(ascii: "P"):
            return PresenceChange(bytes, room: room).map { .presence($0) }
                ?? .malformed(reason: "no change of who is present")
        case UInt8(ascii: "T"):
            return typing(bytes).map { .typing($0) }
                ?? .malformed(reason: "no name of one who writes")
        default: return .malformed(reason: "of no known kind")
        }
    }

    /// Reads a piece of a room's log, which has the form of a publication without its first line.
    ///
    /// Fails: nil for anything else, and if there is no message.
    public static func logged(
        _ bytes: [UInt8],
        room: RoomName,
        epoch: UInt64,
        firstSeq: UInt64,
        prev: MessageID,
        ms: Int64
    ) -> Publication? {
        var lines = BusLines()
        var items: [Publication.Item] = []
        while !lines.isAtEnd(bytes.span.bytes) {
            guard let item = lines.item(of: bytes) else { return nil }
            items.append(item)
        }
        guard !items.isEmpty, firstSeq > 0,
            !firstSeq.addingReportingOverflow(UInt64(items.count)).overflow
        else { return nil }
        return Publication(
            room: room,
            epoch: epoch,
            firstSeq: firstSeq,
            prev: prev,
            ms: ms,
            items: items
        )
    }

    /// Returns numbered messages as they travel: a line `epoch first-seq count ms prev`; for each
    /// message a line `mid length`, and its JSON on a line of its own. No node calls it, because
    /// Redis's script writes this form: the tests compare the script with it.
    public static func encode(_ publication: Publication) -> [UInt8] {
        var out: [UInt8] = []
        JSONWriter.append(publication.epoch, to: &out)
        out.append(UInt8(ascii: " "))
        JSONWriter.append(publication.firstSeq, to: &out)
        out.append(UInt8(ascii: " "))
        JSONWriter.append(UInt64(publication.items.count), to: &out)
        out.append(UInt8(ascii: " "))
        JSONWriter.append(publication.ms, to: &out)
        out.append(UInt8(ascii: " "))
        let bytes = publication.prev.byteCount + 1 + publication.byteCount
        out.append(addingCapacity: bytes) { out in
            publication.prev.append(to: &out)
            out.append(UInt8(ascii: "\n"))
            for item in publication.items { append(item.body.span.bytes, as: item.mid, to: &out) }
        }
        return out
    }

    /// Appends one message as it travels after the first line and as it is logged.
    ///
    /// Cost: one copy.
    public static func append(
        _ body: RawSpan,
        as mid: MessageID,
        to out: inout OutputSpan<UInt8>
    ) {
        mid.append(to: &out)
        out.append(UInt8(ascii: " "))
        out.append(decimal: UInt64(body.byteCount))
        out.append(UInt8(ascii: "\n"))
        out.append(body)
        out.append(UInt8(ascii: "\n"))
    }

    /// Returns the number of bytes that `append` writes for a body of `count` bytes.
    public static func length(of count: Int, as mid: MessageID) -> Int {
        mid.byteCount + JSONWriter.length(of: UInt64(count)) + count + 3
    }

    /// Returns what a node publishes when a user writes.
    public static func encode(typing name: String) -> [UInt8] { Array("T \(name)".utf8) }

    private static func typing(_ bytes: [UInt8]) -> String? {
        let name = bytes.dropFirst(2)
        guard bytes.starts(with: "T ".utf8), !name.isEmpty, name.count <= Limits.usernameBytes
        else {
            return nil
        }
        return String(validating: name, as: UTF8.self)
    }

    private static func numbered(_ payload: [UInt8], _ room: RoomName) -> PublicationCodec {
        let bytes = payload.span.bytes
        var lines = BusLines()
        guard let epoch = lines.number(bytes, endedBy: " "), epoch < Limits.epochs,
            let first = lines.number(bytes, endedBy: " "), first > 0, first < Limits.numbers,
            let count = lines.number(bytes, endedBy: " "), count > 0, count < Limits.numbers,
            first + count < Limits.numbers,
            let ms = lines.number(bytes, endedBy: " "), ms < Limits.numbers,
            let prev = lines.mid(bytes, endedBy: "\n")
        else {
            return .malformed(reason: "a first line that is not epoch, seq, count, time and prev")
        }
        var items: [Publication.Item] = []
        // The count is trusted only as far as there are enough bytes for it.
        items.reserveCapacity(min(Int(clamping: count), payload.count / BusLines.leastItemBytes))
        for _ in 0..<count {
            guard let item = lines.item(of: payload) else {
                return .malformed(reason: "a message that is not as long as it says")
            }
            items.append(item)
        }
        guard lines.isAtEnd(bytes) else { return .malformed(reason: "more than it says") }
        return .messages(
            Publication(
                room: room,
                epoch: epoch,
                firstSeq: first,
                prev: prev,
                ms: Int64(ms),
                items: items
            )
        )
    }

    private static func chat(_ bytes: RawSpan, _ room: RoomName) -> PublicationCodec {
        guard bytes.byteCount <= Limits.externalBytes else { return .malformed(reason: "too long") }
        guard UTF8Validator.isValid(bytes) else { return .malformed(reason: "not UTF-8") }
        guard let message = try? MessageFields(bytes), let type = message.type,
            type.equals("chat", in: bytes), let username = message.username
        else { return .malformed(reason: "an object that is no chat") }
        let body = ChatBody(
            verbatim: username,
            value: message.value,
            in: bytes,
            room: room == .lobby ? nil : room.text
        )
        return .external(body: body.bytes)
    }
}

/// Reads a publication line by line; every call is handed the bytes, which must always be the same.
private struct BusLines {
    private var position = 0

    func isAtEnd(_ bytes: RawSpan) -> Bool { position == bytes.byteCount }

    /// Reads a number that ends before the next `end`, and `end` itself; a number has only one
    /// valid text. The numbers read here never need more digits than fit.
    mutating func number(_ bytes: RawSpan, endedBy end: Unicode.Scalar) -> UInt64? {
        let start = position
        let isZero = start < bytes.byteCount && bytes.byte(at: start) == UInt8(ascii: "0")
        var value: UInt64 = 0
        while position < bytes.byteCount, position - start <= Self.digits {
            let byte = bytes.byte(at: position)
            position += 1
            if byte == UInt8(ascii: end) {
                let count = position - 1 - start
                return count == 1 || (count > 1 && !isZero) ? value : nil
            }
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10, position - start <= Self.digits else { return nil }
            value = value * 10 + UInt64(digit)
        }
        return nil
    }

    /// Reads a line `mid length` and that many bytes of JSON on a line of their own.
    mutating func item(of payload: [UInt8]) -> Publication.Item? {
        let bytes = payload.span.bytes
        guard let mid = mid(bytes, endedBy: " "),
            let length = number(bytes, endedBy: "\n"), length < bytes.byteCount - position
        else { return nil }
        let end = position + Int(length)
        guard bytes.byte(at: end) == UInt8(ascii: "\n") else { return nil }
        let body = position..<end
        position = end + 1
        // `ChatFrame` inserts the message's place before the body's last byte.
        guard body.count > 2, bytes.byte(at: body.lowerBound) == UInt8(ascii: "{"),
            bytes.byte(at: end - 1) == UInt8(ascii: "}")
        else { return nil }
        return Publication.Item(mid: mid, body: payload[body])
    }

    /// Reads a message's id that ends before the next `end`, and `end` itself.
    mutating func mid(_ bytes: RawSpan, endedBy end: Unicode.Scalar) -> MessageID? {
        guard let producer = producer(bytes, endedBy: "."),
            let n = number(bytes, endedBy: end), n < Limits.numbers
        else { return nil }
        return MessageID(producer: producer, n: n)
    }

    private mutating func producer(_ bytes: RawSpan, endedBy end: Unicode.Scalar) -> ProducerID? {
        let stop = position + ProducerID.byteCount
        guard stop < bytes.byteCount, bytes.byte(at: stop) == UInt8(ascii: end) else { return nil }
        defer { position = stop + 1 }
        return ProducerID(bytes.extracting(position..<stop))
    }

    /// The most digits of a number: 10^19 - 1 is less than 2^64, and every number in use is less
    /// than that.
    private static let digits = 19
    /// The fewest bytes of a message: `producer.n`, a space, a digit, three bytes of JSON and two
    /// ends of lines.
    static let leastItemBytes = ProducerID.byteCount + 9
}
