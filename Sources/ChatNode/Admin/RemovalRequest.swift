import ChatCore
import NIOHTTP1

/// What the operator asks for with `DELETE /rooms/ROOM/messages/SEQ/MID?reason=TEXT`: that a message be taken
/// back.
struct RemovalRequest {
    let room: RoomName
    let target: MessagePlace
    /// Why, as a JSON string; nil: none is given.
    let reason: [UInt8]?

    /// Makes a request.
    init(room: RoomName, target: MessagePlace, reason: String?) {
        self.room = room
        self.target = target
        self.reason = reason.map { text in
            var json: [UInt8] = []
            JSONWriter.append(text, to: &json)
            return json
        }
    }

    /// Reads the head of a request; nil if it asks for nothing that there can be.
    init?(_ head: HTTPRequestHead) {
        let parts = head.path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[1] == "rooms", parts[3] == "messages",
            let room = try? RoomName(String(parts[2])), let seq = UInt64(parts[4]),
            let mid = MessageID(String(parts[5]))
        else { return nil }
        var reason: String?
        if let query = head.query {
            guard query.hasPrefix(Self.reasonKey),
                let text = String(percentEncoded: query.dropFirst(Self.reasonKey.count)),
                text.utf8.count <= Limits.removalReasonBytes
            else { return nil }
            reason = text
        }
        self.init(room: room, target: .init(seq: seq, mid: mid), reason: reason)
    }

    /// What the path of every such request begins with.
    static let folder = "/rooms/"
    private static let reasonKey = "reason="

    /// Returns the target of the request's first line.
    static func path(of target: MessagePlace, in room: RoomName, reason: String?) -> String {
        let path = "\(folder)\(room.text)/messages/\(target.seq)/\(target.mid)"
        return path + (reason.map { "?\(reasonKey)\($0.percentEncoded)" } ?? "")
    }
}

extension HTTPResponse {
    /// The answer to a removal, with a sentence for people.
    init(_ outcome: BrokerClient.Moderation) {
        switch outcome {
        case .removed(let seq): self.init(.ok, "removed; the room is told so in message \(seq)")
        case .removedBefore: self.init(.ok, "it was removed before")
        case .refused(.tooSoon):
            self.init(
                .tooManyRequests,
                "a message of this room was removed a moment ago; try again",
                headers: [("Retry-After", "\(Limits.removalPause.components.seconds)")]
            )
        case .refused:
            self.init(
                .notFound,
                "the room keeps no message with this number and this id; ids are in what clients are sent"
            )
        case .unavailable(let reason): self.init(.serviceUnavailable, reason)
        }
    }
}

extension HTTPRequestHead {
    /// What follows the path; nil: nothing does.
    fileprivate var query: Substring? {
        uri.firstIndex(of: "?").map { uri[uri.index(after: $0)...] }
    }
}

extension String {
    /// The string as a part of a target: all but unreserved characters are encoded (RFC 3986 §2.3).
    fileprivate var percentEncoded: String {
        var text = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }

    /// Reads such a part; nil if it is not encoded properly, or not text.
    fileprivate init?(percentEncoded text: Substring) {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, rest.prefix(2).allSatisfy({ $0 < 0x80 }),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { return nil }
        self = decoded
    }
}
