/// What one message on a room's channel is, by its first byte.
///
/// Whoever may publish there is trusted; but what is malformed is refused whole, since every node
/// has to make the same of it.
public enum BusPayload: Sendable, Hashable {
    /// Numbered messages, as `publish` sends them.
    case messages(Publication)
    /// A `chat` that somebody published by hand: not numbered, not kept. `body` is as in `Draft`.
    case byHand(body: [UInt8])
    /// Something a newer node may understand.
    case other
    /// To be counted and ignored; why.
    case junk(reason: String)

    /// Reads what arrived on a room's channel.
    ///
    /// Cost: one pass and a copy of each message. Fails: never; what is wrong is junk.
    public static func parse(_ bytes: RawSpan, room: RoomName) -> BusPayload {
        guard bytes.byteCount > 0 else { return .junk(reason: "nothing in it") }
        switch bytes.byte(at: 0) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return numbered(bytes, room)
        case UInt8(ascii: "{"): return chat(bytes, room)
        case UInt8(ascii: "P"), UInt8(ascii: "T"):
            guard bytes.byteCount > 1, bytes.byte(at: 1) == UInt8(ascii: " ") else { fallthrough }
            return .other
        default: return .junk(reason: "of no known kind")
        }
    }

    /// The same of an array.
    public static func parse(_ bytes: [UInt8], room: RoomName) -> BusPayload {
        parse(bytes.span.bytes, room: room)
    }

    /// What numbered messages travel as: a line `epoch first-seq count ms`; for each message a line
    /// `mid length`, and its JSON on a line of its own.
    public static func encode(_ publication: Publication) -> [UInt8] {
        var out: [UInt8] = []
        JSONWriter.append(publication.epoch, to: &out)
        out.append(UInt8(ascii: " "))
        JSONWriter.append(publication.firstSeq, to: &out)
        out.append(UInt8(ascii: " "))
        JSONWriter.append(UInt64(publication.items.count), to: &out)
        out.append(UInt8(ascii: " "))
        JSONWriter.append(publication.ms, to: &out)
        out.append(UInt8(ascii: "\n"))
        for item in publication.items {
            item.mid.append(to: &out)
            out.append(UInt8(ascii: " "))
            JSONWriter.append(UInt64(item.body.count), to: &out)
            out.append(UInt8(ascii: "\n"))
            out.append(contentsOf: item.body)
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }

    private static func numbered(_ bytes: RawSpan, _ room: RoomName) -> BusPayload {
        var lines = BusLines()
        guard let epoch = lines.number(bytes, endedBy: " "), epoch < Limits.epochs,
            let first = lines.number(bytes, endedBy: " "), first > 0,
            let count = lines.number(bytes, endedBy: " "), count > 0,
            !first.addingReportingOverflow(count).overflow,
            let ms = lines.number(bytes, endedBy: "\n").flatMap({ Int64(exactly: $0) })
        else { return .junk(reason: "a first line that is not epoch, seq, count and time") }
        var items: [Publication.Item] = []
        for _ in 0..<count {
            guard let item = lines.item(bytes) else {
                return .junk(reason: "a message that is not as long as it says")
            }
            items.append(item)
        }
        guard lines.isAtEnd(bytes) else { return .junk(reason: "more than it says") }
        return .messages(
            Publication(room: room, epoch: epoch, firstSeq: first, ms: ms, items: items)
        )
    }

    private static func chat(_ bytes: RawSpan, _ room: RoomName) -> BusPayload {
        guard bytes.byteCount <= Limits.byHandBytes else { return .junk(reason: "too long") }
        guard UTF8Validator.isValid(bytes) else { return .junk(reason: "not UTF-8") }
        guard let message = try? ClientMessage.parse(bytes), message.kind == .chat,
            let username = message.username
        else { return .junk(reason: "an object that is no chat") }
        let body = ChatBody(
            verbatim: username,
            value: message.value,
            in: bytes,
            room: room == .lobby ? nil : room.text
        )
        return .byHand(body: body.bytes)
    }
}

/// Walks along a payload; the bytes are handed to each call and must be the same ones.
private struct BusLines {
    private var position = 0

    func isAtEnd(_ bytes: RawSpan) -> Bool { position == bytes.byteCount }

    mutating func number(_ bytes: RawSpan, endedBy end: Unicode.Scalar) -> UInt64? {
        word(bytes, endedBy: end).flatMap { UInt64(decimal: bytes.extracting($0)) }
    }

    /// A line `mid length` and as many bytes of JSON on a line of their own.
    mutating func item(_ bytes: RawSpan) -> Publication.Item? {
        guard let mid = word(bytes, endedBy: " ").flatMap({ MessageID(bytes.extracting($0)) }),
            let length = number(bytes, endedBy: "\n"), length < bytes.byteCount - position
        else { return nil }
        let end = position + Int(length)
        guard bytes.byte(at: end) == UInt8(ascii: "\n") else { return nil }
        let body = bytes.extracting(position..<end)
        position = end + 1
        // What a place is put into, in front of its last byte.
        guard body.byteCount > 2, body.byte(at: 0) == UInt8(ascii: "{"),
            body.byte(at: body.byteCount - 1) == UInt8(ascii: "}")
        else { return nil }
        return Publication.Item(mid: mid, body: body.withUnsafeBytes { Array($0) })
    }

    /// What stands before the next `end`, which is passed. None is longer than a mid.
    private mutating func word(_ bytes: RawSpan, endedBy end: Unicode.Scalar) -> Range<Int>? {
        let start = position
        while position < bytes.byteCount, position - start <= Self.wordBytes {
            position += 1
            if bytes.byte(at: position - 1) == UInt8(ascii: end) { return start..<(position - 1) }
        }
        return nil
    }

    /// A lineage, a point and the 20 digits of the largest number.
    private static let wordBytes = Lineage.byteCount + 21
}
