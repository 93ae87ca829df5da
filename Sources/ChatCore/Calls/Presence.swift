/// A call that has names of one process join and leave rooms, in this order.
public struct PresenceCall: Sendable, Hashable {
    /// What one name does.
    public struct Move: Sendable, Hashable {
        /// The name, in the spelling to be shown.
        public let username: Username
        /// The login that holds it.
        public let login: LoginID
        /// The fence of its grant.
        public let fence: UInt64
        /// The producer of its grant: the name is present under it, so that what a login has joined is
        /// left by that login, or by what ends it, and by nothing else.
        public let producer: ProducerID
        /// The rooms that it leaves.
        public let left: [RoomName]
        /// The rooms that it joins.
        public let joined: [RoomName]

        /// Makes what one name does.
        public init(
            username: Username,
            login: LoginID,
            fence: UInt64,
            producer: ProducerID,
            left: [RoomName] = [],
            joined: [RoomName] = []
        ) {
            self.username = username
            self.login = login
            self.fence = fence
            self.producer = producer
            self.left = left
            self.joined = joined
        }
    }

    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The process of the logins.
    public let incarnation: Incarnation
    /// What the names do: at most `Limits.presencePairs` pairs of a name and a room.
    public let moves: [Move]

    /// Makes a call with names of one process.
    public init(epoch: Epoch, incarnation: Incarnation, moves: [Move]) {
        self.epoch = epoch
        self.incarnation = incarnation
        self.moves = moves
    }
}

/// What became of one name's rooms.
public enum PresenceVerdict: Sendable, Hashable {
    /// The name is present where it is to be.
    case done
    /// Nothing was written: the name is not, or no longer, the login's.
    case fenced
}

/// The answer to a `PresenceCall`.
public enum PresenceAnswer: Sendable, Hashable {
    /// A verdict for each name, in the call's order.
    case verdicts([PresenceVerdict])
    /// The epoch has changed; nothing was written.
    case otherEpoch
}

/// A question about who is present in a room.
public struct PresentCall: Sendable, Hashable {
    /// The epoch in which the call is made.
    public let epoch: Epoch
    /// The room.
    public let room: RoomName

    /// Makes a question about a room.
    public init(epoch: Epoch, room: RoomName) {
        self.epoch = epoch
        self.room = room
    }
}

/// The answer to a `PresentCall`.
public enum PresentAnswer: Sendable, Hashable {
    /// The number of the last change of who is present, how many names are, and which: nil if they are more
    /// than `Limits.presenceListed`.
    case present(number: UInt64, count: Int, names: [PresentName]?)
    /// The epoch has changed.
    case otherEpoch
}

extension PresenceCall.Move {
    /// The name as it is present in the rooms that it joins.
    var name: PresentName { PresentName(key: username.key, display: username.display) }
}

extension Claim {
    /// The name as it is present in its rooms.
    var name: PresentName { PresentName(key: username.key, display: username.display) }
}
