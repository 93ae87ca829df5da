/// A name that is present in a room.
public struct PresentName: Sendable, Hashable {
    /// The key of the name, in lower case.
    public let key: String
    /// The spelling with which the name has joined the room.
    public let display: String

    /// Makes a name that is present.
    public init(key: String, display: String) {
        self.key = key
        self.display = display
    }
}

/// A change of who is present in a room, as a backend delivers it: all that one call has changed there.
public struct PresenceChange: Sendable, Hashable {
    /// One name that has joined or left.
    public struct Step: Sendable, Hashable {
        /// The name.
        public let name: PresentName
        /// Whether it has joined.
        public let hasJoined: Bool

        /// Makes a step of a change.
        public init(_ name: PresentName, hasJoined: Bool) {
            self.name = name
            self.hasJoined = hasJoined
        }
    }

    /// The room.
    public let room: RoomName
    /// The number of the epoch in which it has changed.
    public let epoch: UInt64
    /// The number of the change: 1, 2, 3 … in its room, as long as the room is remembered.
    public let number: UInt64
    /// The number of names that are present after it.
    public let count: Int
    /// What has changed, in order; empty if more than `Limits.presenceListed` names are present.
    public let steps: [Step]

    /// Makes a change of a room.
    public init(room: RoomName, epoch: UInt64, number: UInt64, count: Int, steps: [Step]) {
        self.room = room
        self.epoch = epoch
        self.number = number
        self.count = count
        self.steps = steps
    }
}

// MARK: - As it travels

extension PresenceChange {
    /// Reads a change that arrived on a room's channel: a line `P epoch number count`, then a line
    /// `+key display` or `-key display` for each step.
    ///
    /// Fails: nil for anything else.
    init?(_ bytes: [UInt8], room: RoomName) {
        guard bytes.last == UInt8(ascii: "\n"), UTF8Validator.isValid(bytes.span.bytes) else {
            return nil
        }
        // By bytes: a letter may join what follows it to one character, a space or a line's end too.
        let lines = bytes.dropLast().split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        let first = lines[0].words
        guard first.count == 4, first[0] == "P",
            let epoch = UInt64(first[1]), epoch < Limits.epochs,
            let number = UInt64(first[2]), number > 0, number < Limits.numbers,
            let count = Int(first[3]), count >= 0, count < Limits.numbers
        else { return nil }
        var steps: [Step] = []
        for line in lines.dropFirst() {
            guard let step = Step(line) else { return nil }
            steps.append(step)
        }
        self.init(room: room, epoch: epoch, number: number, count: count, steps: steps)
    }

    /// The change as it travels. No node asks for it, because Redis's scripts write this form: the tests
    /// compare the scripts with it.
    public var encoded: [UInt8] {
        var text = "P \(epoch) \(number) \(count)\n"
        for step in steps {
            text += "\(step.hasJoined ? "+" : "-")\(step.name.key) \(step.name.display)\n"
        }
        return Array(text.utf8)
    }
}

extension PresenceChange.Step {
    /// Reads a line.
    fileprivate init?(_ line: ArraySlice<UInt8>) {
        let signs = [UInt8(ascii: "+"), UInt8(ascii: "-")]
        guard let sign = line.first, signs.contains(sign) else { return nil }
        let words = line.dropFirst().words
        guard words.count == 2, !words[0].isEmpty, !words[1].isEmpty else { return nil }
        let name = PresentName(key: words[0], display: words[1])
        self.init(name, hasJoined: sign == signs[0])
    }
}

extension ArraySlice<UInt8> {
    /// What stands between single spaces.
    fileprivate var words: [String] {
        split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
