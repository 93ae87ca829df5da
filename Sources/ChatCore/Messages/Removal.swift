/// A request to take a message back: the text of the message is to be forgotten everywhere, and its place in
/// the room's order stays.
public struct Removal: Sendable, Hashable {
    /// On what grounds a message may be taken back.
    public enum Authority: Sendable, Hashable {
        /// The message is the sender's own, and younger than `Store.Retention.removalWindow`.
        case author
        /// The node's operator asks for it: any message, at any time.
        case moderator
    }

    /// The message.
    public let target: MessagePlace
    /// On what grounds it may be taken back.
    public let authority: Authority

    /// Makes a request about one message.
    public init(of target: MessagePlace, by authority: Authority) {
        self.target = target
        self.authority = authority
    }
}

/// Says why a message is not taken back.
public enum RemovalRefusal: Hashable, Sendable {
    /// The message is not kept, another one has its number, or it is no `chat`.
    case notFound
    /// The message is not the sender's own.
    case notOwn
    /// The message is too old: `Store.Retention.removalWindow` has passed.
    case tooLate
    /// A message of the room was taken back less than `Limits.removalPause` ago.
    case tooSoon(retryAfter: Duration)
}

/// The bodies of `removed`: the entry that says that a message was taken back, and what stands in the place of
/// that message from then on. As in a `chat`, the place in the room's order is not in the body.
public enum RemovedBody {
    /// Returns the body of the entry that says that a message was taken back by a user. `reason` is a JSON
    /// string; nil: none was given.
    public static func notice(
        of target: MessagePlace,
        by username: String,
        reason: [UInt8]?,
        in room: RoomName
    ) -> [UInt8] {
        var json: [UInt8] = []
        append(room, to: &json)
        JSONWriter.append(literal: ofKey, to: &json)
        JSONWriter.append(target.seq, to: &json)
        JSONWriter.append(literal: midKey, to: &json)
        JSONWriter.append(target.mid.description, to: &json)
        JSONWriter.append(literal: byKey, to: &json)
        JSONWriter.append(username, to: &json)
        if let reason {
            JSONWriter.append(literal: reasonKey, to: &json)
            json += reason
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// Returns the body that stands in the place of a message that was taken back.
    public static func blank(in room: RoomName) -> [UInt8] {
        var json: [UInt8] = []
        append(room, to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// Returns which message an entry says was taken back; nil for any other text. It reads both a body and
    /// the text that clients are sent.
    ///
    /// Cost: one pass.
    public static func target(in text: RawSpan) -> MessagePlace? {
        guard startsWithType(text) else { return nil }
        var found: MessagePlace?
        var scanner = JSONScanner()
        do throws(JSONError) {
            var more = try scanner.enterObject(text)
            while more {
                let key = try scanner.key(text)
                if key.equals("of", in: text), scanner.peek(text) == UInt8(ascii: "{") {
                    found = try mark(&scanner, text)
                } else {
                    _ = try scanner.value(text, depth: 1)
                }
                more = try scanner.nextMember(text)
            }
        } catch {
            return nil
        }
        return found
    }

    /// Whether this is the text that stands in the place of a message that was taken back, as clients are
    /// sent it.
    static func isBlank(_ text: RawSpan) -> Bool { startsWithType(text) && target(in: text) == nil }

    private static func mark(
        _ scanner: inout JSONScanner,
        _ text: RawSpan
    ) throws(JSONError) -> MessagePlace? {
        var seq: UInt64?
        var mid: MessageID?
        var more = try scanner.enterObject(text)
        while more {
            let key = try scanner.key(text)
            let start = scanner.position
            _ = try scanner.value(text, depth: 2)
            let value = text.extracting(start..<scanner.position)
            if key.equals("seq", in: text) {
                seq = UInt64(decimal: value)
            } else if key.equals("mid", in: text), value.byteCount > 2 {
                mid = MessageID(value.extracting(1..<value.byteCount - 1))
            }
            more = try scanner.nextMember(text)
        }
        guard let seq, let mid else { return nil }
        return .init(seq: seq, mid: mid)
    }

    private static func append(_ room: RoomName, to json: inout [UInt8]) {
        JSONWriter.append(literal: head, to: &json)
        JSONWriter.append(room.text, to: &json)
    }

    private static func startsWithType(_ text: RawSpan) -> Bool {
        text.byteCount > type.utf8CodeUnitCount && text.equals(type, at: 0)
    }

    private static let type: StaticString = #"{"type":"removed""#
    private static let head: StaticString = #"{"type":"removed","room":"#
    private static let ofKey: StaticString = #","of":{"seq":"#
    private static let midKey: StaticString = #","mid":"#
    private static let byKey: StaticString = #"},"by":"#
    private static let reasonKey: StaticString = #","reason":"#
}
