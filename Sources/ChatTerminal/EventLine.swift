import ChatClient
import ChatCore
import ChatSupport

/// Phrases what a client hears: in a line for people, or in a line of JSON for programs.
enum EventLine {
    /// Returns the line for people; nil for what they need not see.
    static func text(_ event: RoomEvent, in room: String) -> String? {
        switch event {
        case .chat(let message):
            "[\(room)\(message.seq.map { " \($0)" } ?? "")] \(message.username.printable): "
                + shown(message)
        case .removed(let removal):
            "* [\(room)] message \(removal.removedSeq ?? removal.seq) was removed"
                + (removal.by.map { " by \($0.printable)" } ?? "")
                + (removal.reason.map { ": \($0.printable)" } ?? "")
        case .gap(let numbers):
            "* [\(room)] the messages \(numbers.lowerBound) to \(numbers.upperBound) are lost"
        case .reset(let position):
            "* [\(room)] what came after message \(position.seq) is void; what is known of it follows"
        case .presence(let presence): presenceText(presence, in: room)
        case .other(let entry): "* [\(room) \(entry.seq)] \(entry.type.printable)"
        case .joined, .synced, .typing: nil
        }
    }

    /// Returns a message's text, or its JSON if it is none.
    private static func shown(_ message: ChatMessage) -> String {
        message.text?.printable ?? message.json.printable
    }

    private static func presenceText(_ presence: RoomPresence, in room: String) -> String? {
        let came = presence.joined.map { "\($0.printable) is here" }
        let went = presence.left.map { "\($0.printable) has left" }
        guard !came.isEmpty || !went.isEmpty else { return nil }
        return "* [\(room)] " + (came + went).joined(separator: ", ")
    }

    /// Returns the line for people; nil for what they need not see.
    static func text(_ status: ClientStatus) -> String? {
        switch status {
        case .connected, .ended: nil
        case .interrupted(let end, let retryIn):
            "* \("\(end)".printable); trying again in \(retryIn.inMillisecondsRoundedUp) ms"
        case .loggedIn(let login):
            "* \(login.username.printable) is logged in on \(login.node.printable)"
                + (login.isResumed ? ", where the former login was left" : "")
        case .nameLost(let reason): "* the name was lost: \(reason.printable)"
        case .nameRefused(_, let message): "* the name is refused: \(message.printable)"
        case .degraded: "* the node has lost touch with Redis; messages wait"
        case .recovered: "* the node has Redis again"
        case .moving(let reason): "* moving to another node: \(reason.printable)"
        case .tokenExpiring(let left): "* the token expires in \(left.inMillisecondsRoundedUp) ms"
        }
    }

    // MARK: JSON

    static func json(_ event: RoomEvent, in room: String) -> String {
        switch event {
        case .joined(let joined):
            object("joined", room) { json in
                add("seq", joined.position.seq, to: &json)
                add("continues", verbatim: "\(joined.continues)", to: &json)
                if let presence = joined.presence { add(presence, to: &json) }
            }
        case .synced(let seq): object("synced", room) { add("seq", seq, to: &$0) }
        case .chat(let message):
            object("chat", room) { json in
                add("username", message.username, to: &json)
                add("value", verbatim: message.json, to: &json)
                add("seq", message.seq, to: &json)
                add("ts", message.timestampMs, to: &json)
                add("mid", message.mid, to: &json)
            }
        case .removed(let removal):
            object("removed", room) { json in
                add("seq", removal.removedSeq ?? removal.seq, to: &json)
                add("mid", removal.removedMid ?? removal.mid, to: &json)
                add("by", removal.by, to: &json)
                add("reason", removal.reason, to: &json)
            }
        case .other(let entry):
            object("other", room) { add("entry", verbatim: entry.json, to: &$0) }
        case .gap(let numbers):
            object("gap", room) { json in
                add("from", numbers.lowerBound, to: &json)
                add("to", numbers.upperBound, to: &json)
            }
        case .reset(let position): object("reset", room) { add("seq", position.seq, to: &$0) }
        case .presence(let presence): object("presence", room) { add(presence, to: &$0) }
        case .typing(let users): object("typing", room) { add("users", users, to: &$0) }
        }
    }

    /// Returns a line of JSON about what is no event of a room.
    static func json(_ kind: String, room: String? = nil, _ fields: [(StaticString, String?)])
        -> String
    {
        object(kind, room) { json in
            for (key, text) in fields { add(key, text, to: &json) }
        }
    }

    private static func object(
        _ event: String,
        _ room: String?,
        _ members: (inout [UInt8]) -> Void
    ) -> String {
        var json: [UInt8] = []
        JSONWriter.append(literal: #"{"event":"#, to: &json)
        JSONWriter.append(event, to: &json)
        add("room", room, to: &json)
        members(&json)
        json.append(UInt8(ascii: "}"))
        return String(decoding: json, as: UTF8.self)
    }

    private static func add(_ presence: RoomPresence, to json: inout [UInt8]) {
        add("count", UInt64(presence.count), to: &json)
        if let members = presence.members { add("members", members, to: &json) }
        add("joined", presence.joined, to: &json)
        add("left", presence.left, to: &json)
    }

    private static func add(_ key: StaticString, _ texts: [String], to json: inout [UInt8]) {
        addKey(key, to: &json)
        json.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            JSONWriter.append(text, to: &json)
        }
        json.append(UInt8(ascii: "]"))
    }

    private static func add(_ key: StaticString, _ text: String?, to json: inout [UInt8]) {
        guard let text else { return }
        addKey(key, to: &json)
        JSONWriter.append(text, to: &json)
    }

    private static func add(_ key: StaticString, _ number: UInt64?, to json: inout [UInt8]) {
        guard let number else { return }
        addKey(key, to: &json)
        JSONWriter.append(number, to: &json)
    }

    /// Adds JSON as another client wrote it, but in one line: it has line ends between its tokens alone.
    private static func add(_ key: StaticString, verbatim: String, to json: inout [UInt8]) {
        addKey(key, to: &json)
        json += verbatim.utf8.map { [0x0A, 0x0D].contains($0) ? UInt8(ascii: " ") : $0 }
    }

    private static func addKey(_ key: StaticString, to json: inout [UInt8]) {
        JSONWriter.append(literal: ",\"", to: &json)
        JSONWriter.append(literal: key, to: &json)
        JSONWriter.append(literal: "\":", to: &json)
    }
}
