import Glibc

/// A client of `chat.v1` that checks what it hears in one room: each message follows the one before.
public final class RoomClient {
    /// A position, as `joined` and each `chat` say it.
    public struct Place: Equatable, Sendable {
        /// The epoch, as a text that only the node reads.
        public var epoch: String
        /// The number of the message.
        public var seq: Int
        /// The id of the message.
        public var mid: String

        /// Reads a position from a message; the epoch is given for one that has none.
        public init(_ text: String, epoch: String? = nil) throws {
            func value(_ key: String) -> String? {
                guard let found = text.firstRange(of: "\"\(key)\":") else { return nil }
                let rest = text[found.upperBound...].prefix { $0 != "," && $0 != "}" }
                return String(rest.filter { $0 != "\"" })
            }
            guard let epoch = epoch ?? value("epoch"), let seq = value("seq").flatMap({ Int($0) }),
                let mid = value("mid")
            else { throw Unexpected(text) }
            (self.epoch, self.seq, self.mid) = (epoch, seq, mid)
        }

        /// The position as the `since` of a `join`.
        public var since: String { #"{"epoch":"\#(epoch)","seq":\#(seq),"mid":"\#(mid)"}"# }
    }

    /// The client's socket.
    public let socket: TestWebSocket
    /// The room.
    public let room: String
    /// Where the client stands; nil before it has joined.
    public private(set) var place: Place?
    /// Whether the last join found all that followed its `since`; nil: it had none.
    public private(set) var isRecovered: Bool?
    /// The values of the messages that it has heard and that stand, in order.
    public var values: [String] { messages.map(\.value) }
    /// The numbers that it was told are lost.
    public private(set) var gaps: [ClosedRange<Int>] = []
    /// Whether a `gap` or a `reset` breaks a promise: the test loses no data, and no more messages than are kept.
    public var mustLoseNothing = false
    /// The places to which the room was reset.
    public private(set) var resets: [Place] = []
    /// The texts that it was told of who is present, in any room.
    public private(set) var presence: [String] = []
    /// The values of the `status` messages that came, oldest first: `degraded`, `ok`. The first clients of a
    /// node that is slow to reach its Redis are sent both.
    public private(set) var statuses: [String] = []
    /// The numbers of the messages that it was told to be taken back.
    public private(set) var removed: [Int] = []
    private var messages: [(seq: Int, value: String)] = []
    /// The number up to which messages are lost, until the next one.
    private var lostUpTo: Int?

    /// Connects to a node, and logs in if a name is given.
    public init(
        port: Int,
        room: String = "lobby",
        name: String? = nil,
        receiveBufferBytes: CInt? = nil
    ) throws {
        self.room = room
        socket = try TestWebSocket(
            port: port,
            headers: ["Sec-WebSocket-Protocol: chat.v1"],
            receiveBufferBytes: receiveBufferBytes
        )
        // HAProxy writes names of fields in lower case.
        guard
            socket.answer.lowercased().hasSuffix("\r\nsec-websocket-protocol: chat.v1\r\n\r\n")
        else {
            throw Unexpected(socket.answer)
        }
        if let name { try socket.login(name) }
    }

    /// What a `logged_in` says.
    public struct Login: Equatable, Sendable {
        /// What takes the name over later.
        public var session: String
        /// Whether the login goes on where an earlier one was.
        public var isResumed: Bool
        /// The highest number that was accepted.
        public var acked: Int
    }

    /// Logs in, with the secret of an earlier login if one is given.
    ///
    /// Fails: with the answer, if the name is not granted.
    public func login(_ name: String, session: String? = nil) throws -> Login {
        let proof = session.map { #","session":"\#($0)""# } ?? ""
        try socket.say(#"{"type":"login","username":"\#(name)"\#(proof)}"#)
        let text = try hear()
        guard text.hasPrefix(#"{"type":"logged_in""#) else { throw Unexpected(text) }
        func value(_ key: String) -> String {
            guard let found = text.firstRange(of: "\"\(key)\":") else { return "" }
            return text[found.upperBound...].prefix { $0 != "," && $0 != "}" }.filter { $0 != "\"" }
        }
        return Login(
            session: value("session"),
            isResumed: value("resumed") == "true",
            acked: Int(value("acked")) ?? 0
        )
    }

    /// Joins the room, from a position on or with its newest messages if they are given, and returns what
    /// comes up to `synced`. Asks again, three times, if the node cannot read the room at the moment.
    @discardableResult
    public func join(since: Place? = nil, history: Int? = nil) throws -> [String] {
        let position = since.map { #","since":\#($0.since)"# } ?? ""
        let last = history.map { #","history":\#($0)"# } ?? ""
        let request = #"{"type":"join","room":"\#(room)"\#(position)\#(last)}"#
        try socket.say(request)
        var triesLeft = 3
        var heard: [String] = []
        repeat {
            let text = try hear()
            if text.hasPrefix(#"{"type":"error""#) {
                guard text.contains(#""code":"unavailable""#), heard.isEmpty, triesLeft > 0 else {
                    throw Unexpected(text)
                }
                triesLeft -= 1
                // As a client does that follows rule C30.
                _ = poll(
                    nil,
                    0,
                    text.firstMatch(of: /"retry_ms":(\d+)/).flatMap { CInt($0.1) } ?? 0
                )
                try socket.say(request)
                continue
            }
            heard.append(text)
        } while heard.last?.contains(#""synced""#) != true
        return heard
    }

    /// Asks for older messages, and returns the answer.
    public func history(before: Int? = nil, limit: Int? = nil) throws -> String {
        let range = before.map { #","before":\#($0)"# } ?? ""
        let most = limit.map { #","limit":\#($0)"# } ?? ""
        try socket.say(#"{"type":"history","room":"\#(room)"\#(range)\#(most)}"#)
        return try socket.hearText { $0.hasPrefix(#"{"type":"history""#) || $0.contains("error") }
    }

    /// Says something with the client's own number.
    public func say(_ value: String, n: Int, in other: String? = nil) throws {
        let room = other ?? room
        try socket.say(#"{"type":"chat","room":"\#(room)","value":\#(value),"n":\#(n)}"#)
    }

    /// Reads until it was told once more who is present, and returns that. There must be no other text
    /// before.
    public func hearPresence() throws -> String {
        var text = try socket.hear()
        while try isNews(text), !text.hasPrefix(#"{"type":"presence""#) { text = try socket.hear() }
        guard text.hasPrefix(#"{"type":"presence""#) else { throw Unexpected(text) }
        return text
    }

    /// Reads until it was told something of its node once more, and returns that.
    public func hearStatus() throws -> String {
        let count = statuses.count
        while statuses.count == count {
            let text = try socket.hear()
            if try !isNews(text) { try note(text) }
        }
        return statuses[count]
    }

    /// Whether a text is about who is present, or about the node; then it is noted.
    private func isNews(_ text: String) throws -> Bool {
        let status = #"{"type":"status","value":""#
        if text.hasPrefix(#"{"type":"presence""#) {
            presence.append(text)
        } else if text.hasPrefix(status) {
            let status = String(text.dropFirst(status.count).prefix { $0 != "\"" })
            guard statuses.last ?? "ok" != status else { throw Unexpected("again: \(text)") }
            statuses.append(status)
        } else {
            return false
        }
        return true
    }

    /// Returns the next text that is neither about who is present nor about the node, and takes note of what it
    /// says about the room.
    public func hear() throws -> String {
        var text = try socket.hear()
        while try isNews(text) { text = try socket.hear() }
        try note(text)
        return text
    }

    private func note(_ text: String) throws {
        if text.hasPrefix(#"{"type":"joined""#) {
            place = try Place(text)
            isRecovered =
                text.contains(#""recovered":true"#)
                ? true : text.contains(#""recovered":false"#) ? false : nil
        } else if text.hasPrefix(#"{"type":"chat""#) {
            try hear(chat: text)
        } else if text.hasPrefix(#"{"type":"removed""#) {
            try hear(removed: text)
        } else if text.hasPrefix(#"{"type":"reset""#) {
            try requireAlways(!mustLoseNothing, text)
            let base = try Place(text)
            resets.append(base)
            messages.removeAll { $0.seq > base.seq }
            (place, lostUpTo) = (base, nil)
        } else if text.hasPrefix(#"{"type":"gap""#) {
            try requireAlways(!mustLoseNothing, text)
            let numbers = text.split { !$0.isNumber }.suffix(2).compactMap { Int($0) }
            guard numbers.count == 2 else { throw Unexpected(text) }
            gaps.append(numbers[0]...numbers[1])
            lostUpTo = numbers[1]
        }
    }

    private func move(_ text: String) throws -> Place {
        guard let stood = place else { throw Unexpected("before joined: \(text)") }
        let next = try Place(text, epoch: stood.epoch)
        let before = lostUpTo ?? stood.seq
        try requireAlways(next.seq == before + 1, "after \(before): \(text)")
        (place, lostUpTo) = (next, nil)
        return next
    }

    private func hear(removed text: String) throws {
        guard let target = text.firstRange(of: #","of":{"#),
            let end = text[target.upperBound...].firstIndex(of: "}")
        else {
            _ = try move(text)
            return
        }
        removed.append(try Place(String(text[target.upperBound...]), epoch: "").seq)
        _ = try move(String(text[..<target.lowerBound] + text[text.index(after: end)...]))
    }

    private func hear(chat text: String) throws {
        let next = try move(text)
        let value = text.firstRange(of: #""value":"#).map { text[$0.upperBound...] }
        messages.append((next.seq, String(value?.prefix { $0 != "," } ?? "")))
    }

    /// Reads until a number of messages have been heard in all.
    public func hear(upTo count: Int) throws {
        while values.count < count { _ = try hear() }
    }

    /// Reads until each of the numbers is acknowledged, and checks that no number is acknowledged twice, nor one
    /// that is not among them.
    public func hearAcks(of numbers: ClosedRange<Int>) throws {
        var open = Set(numbers)
        while !open.isEmpty {
            let text = try hear()
            if text.hasPrefix(#"{"type":"error""#) {
                // A node that Redis does not answer in time refuses a message, or loses its names.
                let isLate = text.contains(/"code":"(unavailable|resend|not_logged_in)"/)
                try requireAlways(isLate, text)
                throw Unexpected(text)
            }
            guard text.hasPrefix(#"{"type":"ack""#) else { continue }
            let n = text.firstMatch(of: /"n":(\d+)/).flatMap { Int($0.1) }
            try requireAlways(n.map { open.remove($0) != nil } ?? false, "\(open): \(text)")
        }
    }

    /// Reads until a number is acknowledged, and returns the answer.
    public func hearAck(of n: Int) throws -> String {
        while true {
            let text = try hear()
            if text.hasPrefix(#"{"type":"ack","n":\#(n),"#) { return text }
            guard !text.hasPrefix(#"{"type":"error""#) else { throw Unexpected(text) }
        }
    }
}
