/// A message from a server, as a client reads it; unknown keys are ignored.
public struct HeardMessage: Sendable, Equatable {
    /// The type: `chat`, `logged_in`, `login_failure`, `logged_out`, `error`, or one of a later
    /// version.
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
    /// The node that answers, in a `logged_in`.
    public private(set) var node: String?
    /// A sentence for people, in a `login_failure`.
    public private(set) var message: String?
    /// The error's code for programs, in an `error`.
    public private(set) var code: String?
    /// Why the name was lost, in a `logged_out` that the client did not ask for.
    public private(set) var reason: String?
    /// How long to wait before another attempt, if waiting helps.
    public private(set) var retryMs: UInt64?

    /// Reads one message.
    ///
    /// Cost: a copy of each known field.
    /// Fails: nil for anything but a JSON object with a `type`.
    public init?(_ bytes: RawSpan) {
        do throws(JSONError) {
            try read(bytes)
        } catch {
            return nil
        }
        guard !type.isEmpty else { return nil }
    }

    private mutating func read(_ bytes: RawSpan) throws(JSONError) {
        var scanner = JSONScanner()
        scanner.skipWhitespace(bytes)
        var more = try scanner.enterObject(bytes)
        while more {
            let key = try scanner.key(bytes).decoded(in: bytes)
            let start = scanner.position
            let isString = scanner.peek(bytes) == UInt8(ascii: "\"")
            let string = isString ? try scanner.string(bytes).decoded(in: bytes) : nil
            if !isString { _ = try scanner.value(bytes, depth: 1) }
            store(key, string, bytes.extracting(start..<scanner.position))
            more = try scanner.nextMember(bytes)
        }
        try scanner.end(bytes)
    }

    private static func truth(_ json: RawSpan) -> Bool {
        json.withUnsafeBytes { $0.elementsEqual("true".utf8) }
    }

    private mutating func store(_ key: String?, _ string: String?, _ json: RawSpan) {
        switch key {
        case "type": type = string ?? ""
        case "username": username = string
        case "value": value = json.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        case "room": room = string
        case "seq": seq = UInt64(decimal: json)
        case "ts": timestampMs = UInt64(decimal: json)
        case "mid": mid = string
        case "epoch": epoch = string
        case "recovered": isRecovered = Self.truth(json)
        case "session": session = string
        case "resumed": isResumed = Self.truth(json)
        case "acked": acked = UInt64(decimal: json)
        case "node": node = string
        case "message": message = string
        case "code": code = string
        case "reason": reason = string
        case "retry_ms": retryMs = UInt64(decimal: json)
        default: break
        }
    }
}
