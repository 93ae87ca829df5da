/// The part of a `chat` that its sender's node knows: all but its place in the room's order.
///
/// This is what travels between nodes and is kept; built once per message.
public struct ChatBody: Sendable, Equatable {
    /// `{"type":"chat","username":U,"value":V}`, with `"room":R` behind `value` outside the lobby.
    public let bytes: [UInt8]

    /// `value` is where the value stands in the sender's message; without one it is `null`.
    /// `room` is nil for the lobby.
    ///
    /// Cost: one allocation of the exact size; the value is copied, not looked at.
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

    /// How many bytes there are in front of the name and behind it.
    static func byteCountBesidesName(_ value: Range<Int>?, _ room: String?) -> Int {
        let value = value?.count ?? Self.null.utf8CodeUnitCount
        let fixed = head.utf8CodeUnitCount + valueKey.utf8CodeUnitCount + value + 1
        guard let room else { return fixed }
        return fixed + roomKey.utf8CodeUnitCount + JSONWriter.length(of: room)
    }

    /// What stands behind the name.
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

/// The JSON of a `chat` as all clients of a room get it: a body with its place in the order.
///
/// A body is what `ChatBody` builds, or the same bytes come back from another node: an object with
/// at least one member, its `}` the last byte. Nothing of it is looked at here.
public enum ChatFrame {
    /// How many bytes `append` writes, so that a frame header can go in front.
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
    /// Cost: one copy; allocates only when `out` has to grow.
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

    /// Appends a body with its `seq`, `ts` and `mid` where there is room for them.
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

    private static let seqKey: StaticString = #","seq":"#
    private static let timestampKey: StaticString = #","ts":"#
    private static let midKey: StaticString = #","mid":""#
    private static let end: StaticString = #""}"#
    private static var punctuation: Int {
        seqKey.utf8CodeUnitCount + timestampKey.utf8CodeUnitCount + midKey.utf8CodeUnitCount
            + end.utf8CodeUnitCount
    }
}
