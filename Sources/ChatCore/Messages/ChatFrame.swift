/// The part of a `chat` that its sender's node knows: everything but its place in the room's order.
///
/// It is built once per message; it is what travels between nodes and what the log keeps.
public struct ChatBody: Sendable, Equatable {
    /// The JSON `{"type":"chat","username":U,"value":V}`, with `"room":R` after `value` outside the
    /// lobby.
    public let bytes: [UInt8]

    /// Makes a body. `value` is the range of the value in the sender's message; if it is nil, the
    /// value is `null`. `room` is nil for the lobby.
    ///
    /// Cost: one allocation of the exact size; the value is copied without being parsed.
    public init(
        username: String,
        value: Range<Int>?,
        in message: RawSpan,
        room: String? = nil
    ) {
        let length = JSONWriter.length(of: username)
        let size = length + Self.byteCountBesidesName(value, room)
        bytes = JSONWriter.bytes(count: size) { out in
            out.append(literal: Self.head)
            JSONWriter.append(username, ofLength: length, to: &out)
            Self.appendRest(value, in: message, room, to: &out)
        }
    }

    /// Returns the number of bytes before the name and after it.
    static func byteCountBesidesName(_ value: Range<Int>?, _ room: String?) -> Int {
        let value = value?.count ?? Self.null.utf8CodeUnitCount
        let fixed = head.utf8CodeUnitCount + valueKey.utf8CodeUnitCount + value + 1
        guard let room else { return fixed }
        return fixed + roomKey.utf8CodeUnitCount + JSONWriter.length(of: room)
    }

    /// Appends what follows the name.
    static func appendRest(
        _ value: Range<Int>?,
        in message: RawSpan,
        _ room: String?,
        to out: inout OutputSpan<UInt8>
    ) {
        out.append(literal: valueKey)
        if let value {
            out.append(message.extracting(value))
        } else {
            out.append(literal: null)
        }
        if let room {
            out.append(literal: roomKey)
            JSONWriter.append(room, to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    static let head: StaticString = #"{"type":"chat","username":"#
    fileprivate static let valueKey: StaticString = #","value":"#
    fileprivate static let roomKey: StaticString = #","room":"#
    fileprivate static let null: StaticString = "null"
}

/// The JSON of a `chat` as all clients of a room receive it: a body with its place in the order.
///
/// The body is one made by `ChatBody`, or the same bytes from another node: an object with at least
/// one member, with `}` as its last byte. It is not parsed here.
public enum ChatFrame {
    /// Returns the number of bytes that `append` writes, so that a frame header can be written
    /// first.
    public static func length(
        body: RawSpan,
        seq: UInt64,
        timestampMs: Int64,
        mid: MessageID
    ) -> Int {
        punctuation + max(body.byteCount - 1, 0) + mid.byteCount
            + JSONWriter.length(of: seq) + JSONWriter.length(of: timestampMs)
    }

    /// Appends a body with its `seq`, `ts` and `mid`.
    ///
    /// Cost: one copy; allocates only if `out` has to grow.
    public static func append(
        body: RawSpan,
        seq: UInt64,
        timestampMs: Int64,
        mid: MessageID,
        to out: inout [UInt8]
    ) {
        let length = length(body: body, seq: seq, timestampMs: timestampMs, mid: mid)
        out.append(addingCapacity: length) { out in
            append(body: body, seq: seq, timestampMs: timestampMs, mid: mid, to: &out)
        }
    }

    /// Appends a body with its `seq`, `ts` and `mid` to a span with enough free capacity.
    static func append(
        body: RawSpan,
        seq: UInt64,
        timestampMs: Int64,
        mid: MessageID,
        to out: inout OutputSpan<UInt8>
    ) {
        out.append(body.extracting(droppingLast: 1))
        out.append(literal: seqKey)
        out.append(decimal: seq)
        out.append(literal: timestampKey)
        if timestampMs < 0 { out.append(UInt8(ascii: "-")) }
        out.append(decimal: timestampMs.magnitude)
        out.append(literal: midKey)
        mid.append(to: &out)
        out.append(literal: end)
    }

    /// The bytes with which the place begins that `append` puts behind a body.
    static var placeStart: [UInt8] { Array(#","seq":"#.utf8) }

    private static let seqKey: StaticString = #","seq":"#
    private static let timestampKey: StaticString = #","ts":"#
    private static let midKey: StaticString = #","mid":""#
    private static let end: StaticString = #""}"#
    private static var punctuation: Int {
        seqKey.utf8CodeUnitCount + timestampKey.utf8CodeUnitCount + midKey.utf8CodeUnitCount
            + end.utf8CodeUnitCount
    }
}
