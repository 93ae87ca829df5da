import ChatCore

/// Writes the requests of `chat.v1`.
enum ClientRequest {
    static func login(_ name: String, session: String?, token: String?) -> [UInt8] {
        object("login") { json in
            add("username", name, to: &json)
            if let session { add("session", session, to: &json) }
            if let token { add("token", token, to: &json) }
        }
    }

    static let logout = object("logout") { _ in }
    static let ping = object("ping") { _ in }

    static func join(_ room: String, since: RoomPosition?, history: Int?) -> [UInt8] {
        object("join") { json in
            add("room", room, to: &json)
            if let since {
                JSONWriter.append(literal: #","since":{"epoch":"#, to: &json)
                JSONWriter.append(since.epoch, to: &json)
                add("seq", since.seq, to: &json)
                add("mid", since.mid, to: &json)
                json.append(UInt8(ascii: "}"))
            }
            if let history { add("history", UInt64(history), to: &json) }
        }
    }

    static func leave(_ room: String) -> [UInt8] {
        object("leave") { add("room", room, to: &$0) }
    }

    static func typing(_ room: String) -> [UInt8] {
        object("typing") { json in
            add("room", room, to: &json)
            add("id", typingID, to: &json)
        }
    }

    /// The `id` of each `typing`, by which a refusal is known.
    static let typingID = "typing"

    static func history(_ room: String, before: UInt64?, limit: Int?, id: String) -> [UInt8] {
        object("history") { json in
            add("room", room, to: &json)
            if let before { add("before", before, to: &json) }
            if let limit { add("limit", UInt64(limit), to: &json) }
            add("id", id, to: &json)
        }
    }

    /// Writes a message without its number: `numbered` completes it.
    static func chat(_ value: [UInt8], in room: String) -> [UInt8] {
        object("chat", isOpen: true) { json in
            add("room", room, to: &json)
            JSONWriter.append(literal: #","value":"#, to: &json)
            json += value
        }
    }

    /// Writes a removal without its number: `numbered` completes it.
    static func remove(seq: UInt64, mid: String, reason: String?, in room: String) -> [UInt8] {
        object("remove", isOpen: true) { json in
            add("room", room, to: &json)
            add("seq", seq, to: &json)
            add("mid", mid, to: &json)
            if let reason { add("reason", reason, to: &json) }
        }
    }

    /// Completes a message with its number.
    static func numbered(_ entry: [UInt8], _ n: UInt64) -> [UInt8] {
        var json = entry
        add("n", n, to: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    private static func object(
        _ type: String,
        isOpen: Bool = false,
        _ members: (inout [UInt8]) -> Void
    ) -> [UInt8] {
        var json: [UInt8] = []
        JSONWriter.append(literal: #"{"type":"#, to: &json)
        JSONWriter.append(type, to: &json)
        members(&json)
        if !isOpen { json.append(UInt8(ascii: "}")) }
        return json
    }

    private static func add(_ key: StaticString, _ text: String, to json: inout [UInt8]) {
        addKey(key, to: &json)
        JSONWriter.append(text, to: &json)
    }

    private static func add(_ key: StaticString, _ number: UInt64, to json: inout [UInt8]) {
        addKey(key, to: &json)
        JSONWriter.append(number, to: &json)
    }

    private static func addKey(_ key: StaticString, to json: inout [UInt8]) {
        JSONWriter.append(literal: ",\"", to: &json)
        JSONWriter.append(literal: key, to: &json)
        JSONWriter.append(literal: "\":", to: &json)
    }
}
