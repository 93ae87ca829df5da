/// What the members of a room are told of who is present there, at most once in `Limits.presencePause`.
public struct PresenceNews: Sendable, Hashable {
    /// Who has joined and left since the news before.
    public struct Change: Sendable, Hashable {
        /// The spellings of the names that have joined, in the order of their keys.
        public let joined: [String]
        /// Those of the names that have left.
        public let left: [String]

        /// Makes a change.
        public init(joined: [String], left: [String]) {
            self.joined = joined
            self.left = left
        }
    }

    /// The room.
    public let room: RoomName
    /// The number of the last change of who is present.
    public let number: UInt64
    /// The number of names that are present.
    public let count: Int
    /// Their spellings, in the order of the names' keys; nil if they are more than
    /// `Limits.presenceListed`.
    public let names: [String]?
    /// What has changed since the news before; nil if there were none, or if either says only how many
    /// names are present.
    public let change: Change?

    /// Makes news of a room.
    public init(room: RoomName, number: UInt64, count: Int, names: [String]?, change: Change?) {
        self.room = room
        self.number = number
        self.count = count
        self.names = names
        self.change = change
    }
}

/// News of who is present in a room, framed once for all members, and shared by all loops.
public struct PresenceFrames: Sendable {
    /// The room.
    public let room: RoomName
    /// The frame for a member that was told the news before.
    public let change: [UInt8]
    /// The frame for any other member.
    public let whole: [UInt8]
    /// How many names are present, and their spellings as a JSON array; nil if they are not listed.
    let count: UInt64
    let names: [UInt8]?

    /// Frames news.
    public init(framing news: PresenceNews) {
        room = news.room
        count = UInt64(news.count)
        let names = news.names.map(Self.array)
        self.names = names
        whole = Self.frame(news) { $0.add("members", verbatim: names) }
        change =
            news.change.map { change in
                Self.frame(news) { message in
                    message.add("joined", verbatim: Self.array(change.joined))
                    message.add("left", verbatim: Self.array(change.left))
                }
            } ?? whole
    }

    private static func array(_ texts: [String]) -> [UInt8] {
        var json = [UInt8(ascii: "[")]
        for text in texts {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            JSONWriter.append(text, to: &json)
        }
        json.append(UInt8(ascii: "]"))
        return json
    }

    private static func frame(
        _ news: PresenceNews,
        _ names: (inout MessageWriter) -> Void
    ) -> [UInt8] {
        var message = MessageWriter("presence", after: [])
        message.add("room", news.room.text)
        message.add("v", news.number)
        names(&message)
        message.add("count", UInt64(news.count))
        message.end()
        return FramedBatch(framing: message.json).bytes
    }
}

extension MessageWriter {
    /// Adds who is present in a room that a client joins.
    mutating func add(_ presence: PresenceFrames) {
        add("count", presence.count)
        add("members", verbatim: presence.names)
    }
}
