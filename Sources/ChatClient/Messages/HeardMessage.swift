import ChatCore

/// A message from a server, as a client reads it, of either dialect; unknown keys are ignored.
public struct HeardMessage: Sendable, Equatable {
    /// The type: `chat`, `logged_in`, `ack` …, or one of a later version.
    public private(set) var type = ""
    /// The user whom the message is about.
    public private(set) var username: String?
    /// The value as it was written, in JSON.
    public private(set) var value: String?
    /// The room, if the message names one; nil in the plain dialect, and for what is said in the lobby.
    public private(set) var room: String?
    /// The message's place in the room's order; nil for one that an external program published.
    public private(set) var seq: UInt64?
    /// The time of the message in milliseconds since 1970.
    public private(set) var timestampMs: UInt64?
    /// The message's permanent id.
    public private(set) var mid: String?
    /// The epoch of a position, in a `joined` or a `reset`.
    public private(set) var epoch: String?
    /// Whether all that follows the position in the `join` comes, in a `joined`; nil: it had none.
    public private(set) var isRecovered: Bool?
    /// The secret with which the client takes its name over later, in a `logged_in`.
    public private(set) var session: String?
    /// Whether a login goes on where an earlier one was, in a `logged_in`.
    public private(set) var isResumed: Bool?
    /// The highest number that was accepted under the name, in a `logged_in`.
    public private(set) var acked: UInt64?
    /// After how much silence of the client the node pings it, in milliseconds, in a `logged_in`.
    public private(set) var pingMs: UInt64?
    /// The node that answers, in a `logged_in`.
    public private(set) var node: String?
    /// A sentence for people, in a `login_failure`.
    public private(set) var message: String?
    /// The error's code for programs, in an `error`.
    public private(set) var code: String?
    /// Why the name was lost, in a `logged_out` that the client did not ask for; why a message was
    /// removed, in a `removed`; why the node leaves, in a `reconnect`.
    public private(set) var reason: String?
    /// How long to wait before another attempt, if waiting helps.
    public private(set) var retryMs: UInt64?

    /// The `id` of the request that is answered, as it was written.
    public private(set) var id: String?
    /// The number of the message that is answered.
    public private(set) var n: UInt64?
    /// Whether the number had been accepted before, in an `ack`.
    public private(set) var isRepeated = false
    /// The first number that is lost, in a `gap`; the number that is due, in an `error` `resend`.
    public private(set) var from: UInt64?
    /// The last number that is lost, in a `gap`.
    public private(set) var to: UInt64?
    /// The message that was removed, in a `removed`: its `seq` and its `mid`.
    public private(set) var removed: RemovedPlace?
    /// Who has removed a message, in a `removed`.
    public private(set) var by: String?
    /// Who is typing, in a `typing`.
    public private(set) var users: [String]?
    /// How many are present.
    public private(set) var count: UInt64?
    /// Who is present.
    public private(set) var members: [String]?
    /// Who is present since the last `presence`.
    public private(set) var joined: [String]?
    /// Who is not present any more since the last `presence`.
    public private(set) var left: [String]?
    /// The number of the room's last change of presence.
    public private(set) var v: UInt64?
    /// The messages of a `history`, oldest first.
    public private(set) var items: [HeardMessage]?
    /// Whether older messages may be kept, in a `history`.
    public private(set) var hasMore = false
    /// In how many milliseconds the node will have gone, in a `reconnect`, or the token will have expired,
    /// in a `token_expiring`.
    public private(set) var inMs: UInt64?

    /// The place of a message that was removed.
    public struct RemovedPlace: Sendable, Equatable {
        /// Its number in the room.
        public let seq: UInt64
        /// Its id.
        public let mid: String
    }

    /// Reads one message.
    ///
    /// Cost: a copy of each known field.
    /// Fails: nil for anything but a JSON object with a `type`.
    public init?(_ bytes: RawSpan) {
        var message = Self()
        guard JSONReader.members(of: bytes, { message.store($0, $1) }), !message.type.isEmpty else {
            return nil
        }
        self = message
    }

    private init() {}

    /// The whole message as it was written, in the items of a `history` only.
    private(set) var json: String?

    private mutating func store(_ key: String?, _ json: RawSpan) {
        switch key {
        case "type": type = JSONReader.text(json) ?? ""
        case "value": value = Self.verbatim(json)
        case "id": id = Self.verbatim(json)
        case "recovered": isRecovered = Self.truth(json)
        case "resumed": isResumed = Self.truth(json)
        case "dup": isRepeated = Self.truth(json)
        case "more": hasMore = Self.truth(json)
        case "of": removed = Self.place(json)
        case "users": users = Self.texts(json)
        case "members": members = Self.texts(json)
        case "joined": joined = Self.texts(json)
        case "left": left = Self.texts(json)
        case "items": items = Self.messages(json)
        case let key?: if !storeText(key, json) { storeNumber(key, json) }
        case nil: break
        }
    }

    /// Keeps a value that is a text. Returns false if the key is not one of those.
    private mutating func storeText(_ key: String, _ json: RawSpan) -> Bool {
        switch key {
        case "username": username = JSONReader.text(json)
        case "room": room = JSONReader.text(json)
        case "mid": mid = JSONReader.text(json)
        case "epoch": epoch = JSONReader.text(json)
        case "session": session = JSONReader.text(json)
        case "node": node = JSONReader.text(json)
        case "message": message = JSONReader.text(json)
        case "code": code = JSONReader.text(json)
        case "reason": reason = JSONReader.text(json)
        case "by": by = JSONReader.text(json)
        default: return false
        }
        return true
    }

    private mutating func storeNumber(_ key: String, _ json: RawSpan) {
        switch key {
        case "seq": seq = JSONReader.number(json)
        case "ts": timestampMs = JSONReader.number(json)
        case "acked": acked = JSONReader.number(json)
        case "ping_ms": pingMs = JSONReader.number(json)
        case "retry_ms": retryMs = JSONReader.number(json)
        case "n": n = JSONReader.number(json)
        case "from": from = JSONReader.number(json)
        case "to": to = JSONReader.number(json)
        case "count": count = JSONReader.number(json)
        case "v": v = JSONReader.number(json)
        case "in_ms", "within_ms": inMs = JSONReader.number(json)
        default: break
        }
    }

    private static func verbatim(_ json: RawSpan) -> String {
        json.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    private static func truth(_ json: RawSpan) -> Bool {
        json.withUnsafeBytes { $0.elementsEqual("true".utf8) }
    }

    private static func place(_ json: RawSpan) -> RemovedPlace? {
        var fields = Self()
        guard JSONReader.members(of: json, { fields.store($0, $1) }), let seq = fields.seq,
            let mid = fields.mid
        else { return nil }
        return RemovedPlace(seq: seq, mid: mid)
    }

    private static func texts(_ json: RawSpan) -> [String]? {
        var texts: [String] = []
        let isArray = JSONReader.elements(of: json) { element in
            if let text = JSONReader.text(element) { texts.append(text) }
        }
        return isArray ? texts : nil
    }

    private static func messages(_ json: RawSpan) -> [HeardMessage]? {
        var messages: [HeardMessage] = []
        let isArray = JSONReader.elements(of: json) { element in
            guard var message = HeardMessage(element) else { return }
            message.json = verbatim(element)
            messages.append(message)
        }
        return isArray ? messages : nil
    }
}

extension HeardMessage {
    /// Returns the text of a value that is a string in JSON; nil for another value.
    static func text(ofJSON json: String) -> String? {
        JSONReader.text(json.utf8.span.bytes)
    }
}
